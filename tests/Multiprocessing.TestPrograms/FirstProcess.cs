using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>The first process of an application, ending in each of its ways, with exit handlers.</summary>
internal static class FirstProcess
{
    internal static int Run(string how)
    {
        Os.SetLimit(Resource.Core, new ResourceLimit(0, 0));
        AtExit.Register(Console.WriteLine, "A");
        AtExit.Register(Console.WriteLine, "B");
        AtExit.Register((text, number) => Console.WriteLine($"{text}{number}"), "C", 3);
        switch (how)
        {
            case "return":
                return 5;
            case "exit":
                ProcessExit.Exit(3);
                return 0;
            case "exit-in-thread":
                Thread thread = new(() => ProcessExit.Exit(4));
                thread.Start();
                thread.Join();
                return 0;
            case "exit-in-task":
                Task.Run(() => ProcessExit.Exit(6)).GetAwaiter().GetResult();
                return 0;
            case "exit-caught":
                try
                {
                    ProcessExit.Exit(3);
                }
                catch (ProcessExitException exit)
                {
                    return exit.ExitCode + 10;
                }

                return 0;
            case "environment-exit":
                Environment.Exit(7);
                return 0;
            case "_exit":
                Os._Exit(8);
                return 0;
            case "throw":
                throw new InvalidOperationException("uncaught");
            case "signal":
                Os.Raise(Signal.Term);
                return 0;
            case "unregister":
                AtExit.Unregister((Action<string>)Console.WriteLine); // A and B
                return 0;
            case "handler-registers":
                AtExit.Register(() => AtExit.Register(Console.WriteLine, "late"));
                return 0;
            case "handler-throws":
                AtExit.Register(() => throw new InvalidOperationException("from a handler"));
                return 0;
            case "handler-exits":
                AtExit.Register(() => ProcessExit.Exit(9));
                return 0;
            case "children":
                AtExit.Register(Console.WriteLine, "before the child is joined");
                ChildProcess.Start(() =>
                {
                    Thread.Sleep(300);
                    Console.WriteLine("child ends");
                });
                return 0;
            default:
                throw new ArgumentException(how);
        }
    }
}
