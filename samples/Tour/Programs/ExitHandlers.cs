using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>Exit handlers run in reverse order of their registration, with their arguments, when a process ends in order, and only then.</summary>
internal static class ExitHandlers
{
    internal static void Run()
    {
        Show("returning", () => { });
        Show("ProcessExit.Exit(3)", () => ProcessExit.Exit(3));
        Show("a signal", () => Os.Raise(Signal.Term));
        Show("Os._Exit(4)", () => Os._Exit(4));
    }

    private static void Show(string how, Action end)
    {
        Console.WriteLine($"{how}:");
        using ChildProcess child = ChildProcess.Start(() =>
        {
            AtExit.Register(Console.WriteLine, "    A, registered first");
            AtExit.Register(Console.WriteLine, "    B");
            AtExit.Register(name => Console.WriteLine($"    {name}, registered last"), "C");
            end();
        });
        child.Join();
        Console.WriteLine($"    exit code {child.ExitCode}");
    }
}
