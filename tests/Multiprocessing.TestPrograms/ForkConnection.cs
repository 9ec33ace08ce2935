using System.Buffers;
using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>Both processes use connections from before a fork. Prints the first thing that is not so; nothing is printed when all works.</summary>
internal static class ForkConnection
{
    private const int Rounds = 60; // what both send into one end must fit there until it is received

    internal static int Run()
    {
        byte[] large = new byte[300_000];
        (Connection left, Connection right) = Pipe.Create();
        (Connection shared, Connection other) = Pipe.Create();

        // What each end keeps from its first use: writers, buffers, the event that ends waits, blocks, mappings, and a view that the child has as well.
        left.Send("before");
        Check(right.Receive<string>() == "before", "a message before the fork");
        Check(!right.Poll(TimeSpan.FromMilliseconds(1)) && !left.Poll(TimeSpan.FromMilliseconds(1)), "a wait before the fork");
        Array.Fill(large, (byte)1);
        left.SendBytes(large);
        right.SendBytes(large);
        left.ReceiveBytes();
        IMemoryOwner<byte> view = right.ReceiveView();

        int pid = Os.Fork();
        bool isChild = pid == 0;
        (Connection mine, Connection others) = isChild ? (right, left) : (left, right);
        for (int i = 0; i < Rounds; i++)
        {
            Array.Fill(large, (byte)i);
            if (isChild)
            {
                Check(mine.Receive<int>() == i, "a number");
                byte[] bytes = mine.ReceiveBytes();
                Check(bytes.Length == large.Length && bytes.AsSpan().IndexOfAnyExcept((byte)i) < 0, "bytes");
                mine.SendBytes(bytes);
                mine.SendAsync(i).AsTask().GetAwaiter().GetResult();
            }
            else
            {
                mine.Send(i);
                mine.SendBytes(large);
                using IMemoryOwner<byte> back = mine.ReceiveView();
                Check(back.Memory.Length == large.Length && back.Memory.Span.IndexOfAnyExcept((byte)i) < 0, "bytes that came back");
                Check(mine.ReceiveAsync<int>().AsTask().GetAwaiter().GetResult() == i, "a number that came back");
            }

            other.Send(isChild); // both into one end
        }

        Check(view.Memory.Span.IndexOfAnyExcept((byte)1) < 0, "a view from before the fork");
        view.Dispose();
        others.Close(); // in this process only
        mine.Close();
        other.Close();
        if (isChild)
        {
            shared.Close();
            return 0;
        }

        int fromChild = 0;
        for (int i = 0; i < 2 * Rounds; i++)
        {
            fromChild += shared.Receive<bool>() ? 1 : 0;
        }

        Check(fromChild == Rounds, "messages of both in one end");
        try
        {
            shared.Receive();
            Check(false, "the end of the stream");
        }
        catch (EndOfStreamException)
        {
            shared.Close();
        }

        return Os.WaitPid(pid).Status.ToExitCode();
    }

    private static void Check(bool isSo, string what)
    {
        if (!isSo)
        {
            Console.WriteLine($"{Environment.ProcessId}: {what}");
            Environment.Exit(1);
        }
    }
}
