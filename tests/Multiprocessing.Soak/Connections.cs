using System.Buffers;
using System.Runtime.InteropServices;

namespace Multiprocessing.Soak;

/// <summary>
/// Rounds of a pipe whose one end several processes send into and whose other end several receive from, each of which may be killed at any instant.
/// This process is one of either. What a killed receiver took is lost with it; all else must arrive whole and in order.
/// </summary>
internal static class Connections
{
    private const int Others = 2;
    private const int HeaderLength = 12;
    private const int RuntimesOwn = 3; // as in Lives

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    internal static int Run(int count, int seed)
    {
        Progress progress = new("connections", count, seed);
        Random random = new(seed);
        Round(new Random(seed)); // what is made once
        string[] before = Descriptors();
        long received = 0;
        int kills = 0;
        while (kills < count)
        {
            (int killed, int messages) = Round(random);
            kills += killed;
            received += messages;
            progress.Report(Math.Min(kills, count));
        }

        string[] left = [];
        SpinWait.SpinUntil(() => (left = [.. Descriptors().Except(before)]).Length <= RuntimesOwn && Mappings() == 0, TimeSpan.FromSeconds(5));
        Console.WriteLine($"{kills} kills, {received} messages received here; {Mappings()} mappings left, {left.Length} more sockets, pipes, events and memory files than before: {string.Join(' ', left)}");
        return left.Length <= RuntimesOwn && Mappings() == 0 ? 0 : 1;
    }

    private static (int Kills, int Messages) Round(Random random)
    {
        (Connection left, Connection right) = Pipe.Create();
        List<ChildProcess> senders = [];
        List<ChildProcess> receivers = [];
        for (int i = 0; i < Others; i++)
        {
            int number = i + 1;
            int seed = random.Next();
            senders.Add(ChildProcess.Start(() => Send(left, number, seed)));
            receivers.Add(ChildProcess.Start(() => Receive(right)));
        }

        using CancellationTokenSource end = new();
        int mySeed = random.Next();
        Task sender = Task.Run(() => SendUntil(left, 0, mySeed, end.Token));
        Task<int> receiver = Task.Run(() => Receive(right));
        List<ChildProcess> alive = [.. senders, .. receivers];
        int kills = 0;
        for (; kills < Others + 1; kills++)
        {
            // At least one of either remains: this process.
            Thread.SpinWait(random.Next(200_000));
            Thread.Sleep(random.Next(12));
            ChildProcess victim = alive[random.Next(alive.Count)];
            alive.Remove(victim);
            victim.Kill();
        }

        end.Cancel();
        Wait(sender);
        left.Close();
        foreach (ChildProcess other in senders)
        {
            other.Kill();
            other.Join();
        }

        Wait(receiver);
        right.Close();
        foreach (ChildProcess process in receivers)
        {
            if (!process.Join(s_patience))
            {
                Fail("a receiver hangs at the end of the stream");
            }

            if (process.ExitCode is not (0 or -9))
            {
                Fail($"a receiver ended with {process.ExitCode}");
            }
        }

        senders.Concat(receivers).ToList().ForEach(process => process.Close());
        return (kills, receiver.Result);
    }

    private static void Wait(Task task)
    {
        if (!task.Wait(s_patience))
        {
            Fail("hangs");
        }
    }

    private static void Send(Connection connection, int sender, int seed) => SendUntil(connection, sender, seed, CancellationToken.None);

    private static void SendUntil(Connection connection, int sender, int seed, CancellationToken end)
    {
        Random random = new(seed);
        byte[] buffer = new byte[1_000_000];
        for (int number = 0; !end.IsCancellationRequested; number++)
        {
            Span<byte> message = buffer.AsSpan(0, HeaderLength + (random.Next(10) == 0 ? random.Next(buffer.Length - HeaderLength) : random.Next(100)));
            message.Fill((byte)number);
            MemoryMarshal.Write(message, sender);
            MemoryMarshal.Write(message[4..], number);
            MemoryMarshal.Write(message[8..], message.Length);
            connection.SendBytes(message);
        }
    }

    private static int Receive(Connection connection)
    {
        int[] last = [.. Enumerable.Repeat(-1, Others + 1)];
        int count = 0;
        try
        {
            while (true)
            {
                using IMemoryOwner<byte> view = connection.ReceiveView();
                ReadOnlySpan<byte> message = view.Memory.Span;
                int sender = MemoryMarshal.Read<int>(message);
                int number = MemoryMarshal.Read<int>(message[4..]);
                if (message.Length != MemoryMarshal.Read<int>(message[8..]) || message[HeaderLength..].IndexOfAnyExcept((byte)number) >= 0)
                {
                    Fail($"message {number} of sender {sender} is not whole");
                }

                if (number <= last[sender])
                {
                    Fail($"message {number} of sender {sender} after {last[sender]}");
                }

                last[sender] = number;
                count++;
            }
        }
        catch (EndOfStreamException)
        {
            return count;
        }
    }

    private static void Fail(string what)
    {
        Console.WriteLine(what);
        Environment.Exit(1);
    }

    private static string[] Descriptors() =>
        [.. Directory.GetFiles("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget ?? "").Where(target => target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("pipe:", StringComparison.Ordinal)
            || target.StartsWith("/memfd:multiprocessing", StringComparison.Ordinal) || target.Contains("[event", StringComparison.Ordinal))];

    private static int Mappings() => File.ReadLines("/proc/self/maps").Count(line => line.Contains("/memfd:multiprocessing", StringComparison.Ordinal));
}
