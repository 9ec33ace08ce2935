using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>A forked child uses the queue that it inherits, with a lane of its own.</summary>
internal static class ForkQueue
{
    private const int Each = 20_000;

    internal static int Run()
    {
        using ProcessQueue<int> queue = new();
        queue.Put(-1);
        queue.Get();
        int pid = Os.Fork();
        for (int i = 0; i < Each; i++)
        {
            queue.Put(pid == 0 ? i : Each + i);
        }

        if (pid == 0)
        {
            return 0;
        }

        HashSet<int> taken = [];
        for (int i = 0; i < 2 * Each; i++)
        {
            taken.Add(queue.Get());
        }

        WaitStatus status = Os.WaitPid(pid).Status;
        Console.WriteLine($"{taken.Count} items, {queue.Count} left");
        return status.ToExitCode();
    }
}
