using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>A program that was started with SIGCHLD ignored: the kernel reaps its children. (System.Diagnostics.Process does not work there: its WaitForExit never returns.)</summary>
internal static class SigchldIgnored
{
    internal static int Run()
    {
        Console.WriteLine(Os.GetDisposition(Signal.Chld));
        using ChildProcess exits = ChildProcess.Start(() => ProcessExit.Exit(7));
        using ChildProcess killed = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
        killed.Kill();
        exits.Join();
        killed.Join();
        Console.WriteLine($"{exits.ExitCode} {killed.ExitCode is -9 or 255} {ChildProcess.RunAsync(() => 42).GetAwaiter().GetResult()}");
        try
        {
            ChildProcess.RunAsync(() => throw new InvalidOperationException("in the child")).GetAwaiter().GetResult();
        }
        catch (ChildFailedException failure)
        {
            Console.WriteLine(failure.InnerException?.Message);
        }

        Console.WriteLine(ChildProcess.ActiveChildren.Count);
        return 0;
    }
}
