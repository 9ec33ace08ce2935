using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>Parent and child handle their own signals, with the handlers from before the fork.</summary>
internal static class ForkSignals
{
    internal static int Run()
    {
        List<string> log = [];
        using IDisposable registration = Os.Handle(Signal.Usr1, _ => log.Add($"usr1 in {(Os.GetPpid() == s_parent ? "child" : "parent")}"));
        s_parent = Os.GetPid();
        Os.Kill(Os.GetPid(), Signal.Usr1);
        Wait(log, 1);
        int pid = Os.Fork();
        log.Clear();
        Os.Kill(Os.GetPid(), Signal.Usr1);
        Wait(log, 1);
        Os.Kill(Os.GetPid(), Signal.Usr1);
        Wait(log, 2);
        if (pid == 0)
        {
            Console.WriteLine(string.Join(", ", log));
            return 7;
        }

        int code = Os.WaitPid(pid).Status.ToExitCode();
        Console.WriteLine(string.Join(", ", log));
        return code;
    }

    private static int s_parent;

    private static void Wait(List<string> log, int count)
    {
        while (log.Count < count)
        {
            Thread.Yield();
        }
    }
}
