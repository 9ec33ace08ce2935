using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>Exit handlers from before a fork run in both processes.</summary>
internal static class ForkExitHandlers
{
    internal static int Run()
    {
        int parent = Os.GetPid();
        AtExit.Register(() => Console.WriteLine($"handler in the {(Os.GetPid() == parent ? "parent" : "child")} {ChildProcess.Parent?.Pid == parent}"));
        int pid = Os.Fork();
        if (pid == 0)
        {
            AtExit.Register(Console.WriteLine, "the child's own");
            ProcessExit.Exit(4);
        }

        return Os.WaitPid(pid).Status.ToExitCode();
    }
}
