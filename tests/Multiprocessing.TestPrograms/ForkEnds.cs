using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>A forked child that ends in each way there is; the parent prints how it ended, and ends with 1.</summary>
internal static class ForkEnds
{
    internal static int Run(string how)
    {
        Os.SetLimit(Resource.Core, new ResourceLimit(0, 0));
        int pid = Os.Fork();
        if (pid > 0)
        {
            if (how == "killed")
            {
                Os.Kill(pid, Signal.Term); // the runtime's own handler would pass it on to the parent
            }

            (_, WaitStatus status) = Os.WaitPid(pid);
            Console.WriteLine(status);
            return 1;
        }

        switch (how)
        {
            case "return":
                return 21;
            case "environment-exit":
                Environment.Exit(22);
                return 0;
            case "exit":
                ProcessExit.Exit(23);
                return 0;
            case "_exit":
                Os._Exit(24);
                return 0;
            case "thread":
                Thread thread = new(() => Environment.Exit(25));
                thread.Start();
                thread.Join();
                return 0;
            case "task":
                Task.Run(() => Environment.Exit(26)).Wait();
                return 0;
            case "exit-code":
                Environment.ExitCode = 99; // an int Main has the last word
                return 27;
            case "foreground":
                new Thread(() =>
                {
                    Thread.Sleep(200);
                    Environment.Exit(28);
                }).Start();
                return 0;
            case "throw":
                throw new InvalidOperationException("uncaught");
            case "fail-fast":
                Environment.FailFast("failed fast");
                return 0;
            case "abort":
                Os.Abort();
                return 0;
            case "killed":
                Thread.Sleep(Timeout.Infinite);
                return 0;
            case "overflow":
                return Recurse(1);
            default:
                throw new ArgumentException(how);
        }
    }

    private static int Recurse(int depth) => Recurse(depth + 1) + depth;
}
