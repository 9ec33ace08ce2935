using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>Where a fork is refused the process goes on unharmed, and CanFork has said why.</summary>
internal static class ForkRefusals
{
    internal static int Unprepared()
    {
        Report();
        return 0;
    }

    internal static int Run(string why)
    {
        switch (why)
        {
            case "thread":
                using (ManualResetEventSlim end = new())
                {
                    Thread thread = new(() => end.Wait()) { Name = "mine" };
                    thread.Start();
                    Report();
                    end.Set();
                    thread.Join();
                }

                Os.WaitPid(ForkAndExit()); // it has ended: now it works
                break;
            case "listener":
                using (ConnectionListener listener = new())
                {
                    Report();
                }

                break;
            case "pool":
                Task.Run(() => { }).Wait();
                Report();
                break;
            case "process":
                using (System.Diagnostics.Process process = System.Diagnostics.Process.Start("/bin/true"))
                {
                    process.WaitForExit();
                }

                Report();
                break;
            case "other-thread":
                Thread other = new(Report);
                other.Start();
                other.Join();
                break;
            default:
                throw new ArgumentException(why);
        }

        return 0;
    }

    private static void Report()
    {
        Console.WriteLine(Os.CanFork(out string? reason) ? "can fork" : reason);
        try
        {
            ForkAndExit();
            Console.WriteLine("forked");
        }
        catch (InvalidOperationException refusal)
        {
            Console.WriteLine(refusal.Message);
        }
    }

    private static int ForkAndExit()
    {
        int pid = Os.Fork();
        if (pid == 0)
        {
            Os._Exit(0);
        }

        return pid;
    }
}
