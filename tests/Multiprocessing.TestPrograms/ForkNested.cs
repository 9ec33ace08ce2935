using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>A forked child forks, and so does its child: each passes on the code of the next, plus one.</summary>
internal static class ForkNested
{
    internal static int Run(int depth = 3)
    {
        for (int left = depth; left > 0; left--)
        {
            int pid = Os.Fork();
            if (pid > 0)
            {
                return Os.WaitPid(pid).Status.ToExitCode() + 1;
            }

            GC.Collect();
        }

        return 40;
    }
}
