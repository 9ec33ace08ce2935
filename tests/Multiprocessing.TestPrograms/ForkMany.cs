using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>Forks again and again; each child collects, runs a task, and ends with a code of its own.</summary>
internal static class ForkMany
{
    internal static int Run(int count)
    {
        for (int i = 0; i < count; i++)
        {
            int pid = Os.Fork();
            if (pid == 0)
            {
                GC.Collect();
                Task.Run(() => new byte[100_000].Length).Wait();
                return i % 200;
            }

            int code = Os.WaitPid(pid).Status.ToExitCode();
            if (code != i % 200)
            {
                Console.WriteLine($"child {i} ended with {code}");
                return 1;
            }
        }

        return 0;
    }
}
