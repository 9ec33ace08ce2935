using System.Runtime.InteropServices;

namespace Multiprocessing.Tests.Messaging;

/// <summary>Several processes, and several threads in each, at one end.</summary>
public sealed class SharedEndTests
{
    private const int Processes = 3;
    private const int Threads = 3;
    private const int Messages = 400;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Many_senders_at_one_end_never_mix_and_each_keeps_its_order()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        {
            ChildProcess[] senders = [.. Enumerable.Range(0, Processes).Select(process => ChildProcess.Start(() => SendFromThreads(child, process)))];
            child.Close();
            int[] next = new int[Processes * Threads];
            for (int i = 0; i < Processes * Threads * Messages; i++)
            {
                byte[] message = parent.ReceiveBytes();
                int sender = message[0];
                Assert.Equal(LengthOf(sender, next[sender]), message.Length);
                Assert.Equal(next[sender]++, MemoryMarshal.Read<int>(message.AsSpan(1)));
                Assert.Equal(-1, message.AsSpan(5).IndexOfAnyExcept((byte)sender));
            }

            Assert.Throws<EndOfStreamException>(() => parent.ReceiveBytes());
            Array.ForEach(senders, sender =>
            {
                Assert.True(sender.Join(s_patience));
                Assert.Equal(0, sender.ExitCode);
                sender.Close();
            });
        }
    }

    [Fact]
    public async Task Many_receivers_at_one_end_get_each_message_once()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        {
            Task<int[]>[] receivers = [.. Enumerable.Range(0, Processes).Select(_ => ChildProcess.RunAsync(() => ReceiveInThreads(child)))];
            child.Close();
            for (int i = 0; i < Processes * Threads * Messages; i++)
            {
                byte[] message = new byte[LengthOf(7, i)];
                Array.Fill(message, (byte)7);
                MemoryMarshal.Write(message.AsSpan(1), i);
                parent.SendBytes(message);
            }

            parent.Close();
            int[][] received = await Task.WhenAll(receivers).WaitAsync(s_patience);
            Assert.Equal(Enumerable.Range(0, Processes * Threads * Messages), received.SelectMany(numbers => numbers).Order());
        }
    }

    private static int LengthOf(int sender, int number) => 5 + ((number * 31) + sender) % 50 * (number % 40 == 0 ? 10_000 : number % 10 == 0 ? 500 : 3);

    private static void SendFromThreads(Connection connection, int process)
    {
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(thread => new Thread(() => Send(connection, (process * Threads) + thread)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
    }

    private static void Send(Connection connection, int sender)
    {
        for (int i = 0; i < Messages; i++)
        {
            byte[] message = new byte[LengthOf(sender, i)];
            Array.Fill(message, (byte)sender);
            MemoryMarshal.Write(message.AsSpan(1), i);
            connection.SendBytes(message);
        }
    }

    private static int[] ReceiveInThreads(Connection connection)
    {
        List<int> numbers = [];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() => Receive(connection, numbers)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return [.. numbers];
    }

    private static void Receive(Connection connection, List<int> numbers)
    {
        try
        {
            while (true)
            {
                byte[] message = connection.ReceiveBytes();
                int number = MemoryMarshal.Read<int>(message.AsSpan(1));
                if (message.Length != LengthOf(7, number) || message.AsSpan(5).IndexOfAnyExcept((byte)7) >= 0)
                {
                    number = -1;
                }

                lock (numbers)
                {
                    numbers.Add(number);
                }
            }
        }
        catch (EndOfStreamException)
        {
            // All are received.
        }
    }
}
