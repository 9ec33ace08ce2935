using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>The four kinds of exit code: 0 by returning, 1 by an exception, N by exit(N), -N by signal N.</summary>
internal static class ExitCodes
{
    internal static void Run()
    {
        Tell("returns", () => { });
        Tell("throws", () => throw new InvalidOperationException("the report of an exception that nobody takes"));
        Tell("ProcessExit.Exit(42)", () => ProcessExit.Exit(42));
        Tell("Environment.Exit(9)", () => Environment.Exit(9));
        Tell("Os._Exit(200)", () => Os._Exit(200));
        Tell("ProcessExit.Exit(256 + 7)", () => ProcessExit.Exit(256 + 7));
        Tell("Os.Abort()", Os.Abort);
        Tell("SIGKILL", () => Os.Raise(Signal.Kill));
        Tell("SIGSEGV", () => Os.Raise(Signal.Segv));
    }

    private static void Tell(string how, Action target)
    {
        using ChildProcess child = new(target);
        string before = child.ExitCode?.ToString() ?? "none";
        child.Start();
        child.Join();
        Console.WriteLine($"{how,-30} before the start {before}, at the end {child.ExitCode}");
    }
}
