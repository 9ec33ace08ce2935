using Multiprocessing;

namespace Tour.Programs;

/// <summary>What there is to know about a child, before, while and after it runs.</summary>
internal static class ProcessLife
{
    internal static void Run()
    {
        using Greeter greeter = new("world", times: 2);
        Describe("before the start", greeter);
        greeter.Start();
        Describe("started", greeter);
        greeter.Join();
        Describe("joined", greeter);

        using ChildProcess daemon = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), name: "sleeper", daemon: true);
        Describe("a daemon", daemon);
        Console.WriteLine($"active children: {string.Join(", ", ChildProcess.ActiveChildren.Select(c => c.Name))}");
        daemon.Kill();
        daemon.Join();
        Describe("killed", daemon);

        Console.WriteLine();
        Console.WriteLine("exit codes:");
        Tell("returns", () => { });
        Tell("throws", () => throw new InvalidOperationException("its report goes to standard error"));
        Tell("ProcessExit.Exit(3)", () => ProcessExit.Exit(3));
        Tell("Environment.Exit(9)", () => Environment.Exit(9));
        Console.WriteLine($"  {"killed by signal 9",-22} {daemon.ExitCode}");
    }

    private static void Describe(string when, ChildProcess child) =>
        Console.WriteLine($"{when,-17} name {child.Name,-8} daemon {child.Daemon,-6} alive {child.IsAlive,-6} pid {child.Pid?.ToString() ?? "-",-7} exit code {child.ExitCode?.ToString() ?? "-"}");

    private static void Tell(string how, Action target)
    {
        using ChildProcess child = ChildProcess.Start(target);
        child.Join();
        Console.WriteLine($"  {how,-22} {child.ExitCode}");
    }

    /// <summary>A class of its own instead of a target: what the child does stands in Run, and the fields go along.</summary>
    private sealed class Greeter(string whom, int times) : ChildProcess("greeter")
    {
        protected override void Run()
        {
            for (int i = 0; i < times; i++)
            {
                Console.WriteLine($"    hello, {whom}, from {Current.Name} (pid {Current.Pid}), child of {Parent?.Name} (pid {Parent?.Pid})");
            }
        }
    }
}
