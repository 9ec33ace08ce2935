using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>Every change of a child, as waitpid(2) reports it. Without a number the child waits for signals from a shell: kill -STOP, -CONT, -ABRT.</summary>
internal static class ChildStatus
{
    internal static void Run(int? exitStatus)
    {
        using ChildProcess child = ChildProcess.Start(() => Live(exitStatus));
        bool ended;
        do
        {
            (int pid, WaitStatus status) = Os.WaitPid(-1, WaitOptions.Untraced | WaitOptions.Continued);
            Console.WriteLine($"waitpid() returned: PID = {pid}; status = 0x{status.Value:x}({status.Value >> 8}, {status.Value & 0xff})");
            Print(status);
            ended = status.Exited || status.Signaled;
        }
        while (!ended);
    }

    private static void Live(int? exitStatus)
    {
        if (exitStatus is { } code)
        {
            ProcessExit.Exit(code);
        }

        Console.WriteLine($"child started with PID = {Os.GetPid()}");
        while (true)
        {
            Os.Pause();
        }
    }

    private static void Print(WaitStatus status)
    {
        if (status.Exited)
        {
            Console.WriteLine($"child exited, status={status.ExitStatus}");
        }
        else if (status.Signaled)
        {
            Console.WriteLine($"child killed by signal {status.TermSignal.Number}({status.TermSignal.Describe()}){(status.CoreDumped ? " (core dumped)" : "")}");
        }
        else if (status.Stopped)
        {
            Console.WriteLine($"child stopped by signal {status.StopSignal.Number}({status.StopSignal.Describe()})");
        }
        else if (status.Continued)
        {
            Console.WriteLine("child continued");
        }
    }
}
