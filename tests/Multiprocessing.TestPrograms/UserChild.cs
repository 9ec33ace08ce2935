using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>Children of another user, for a parent that has some privileges and lacks others.</summary>
internal static class UserChild
{
    private static readonly ChildProcessOptions s_nobody = new() { User = new ChildUser(65534, 65534) };

    internal static int Run(string what)
    {
        switch (what)
        {
            case "lifeline": // two that change their user: one by its options, one by itself
                ChildProcess one = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: s_nobody);
                ChildProcess other = ChildProcess.Start(
                    () =>
                    {
                        Os.SetResUid(65534, 65534, 65534);
                        Console.WriteLine(Os.GetPid());
                        Thread.Sleep(Timeout.Infinite);
                    });
                Console.WriteLine(one.Pid);
                other.Join();
                return 0;
            case "capabilities":
                Console.WriteLine(ChildProcess.RunAsync(Capabilities, s_nobody).GetAwaiter().GetResult());
                return 0;
            case "timeout":
                using (ChildProcess late = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: s_nobody with { Timeout = TimeSpan.FromMilliseconds(300) }))
                {
                    late.Join();
                    Console.WriteLine($"{late.ExitStatus!.Reason} {late.ExitCode}");
                }

                using (ChildProcess disposed = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: s_nobody))
                {
                    try
                    {
                        disposed.Kill();
                    }
                    catch (PosixException exception)
                    {
                        Console.WriteLine(exception.Message);
                    }
                }

                using (ChildProcess stopped = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: s_nobody))
                {
                    Console.WriteLine(stopped.StopAsync(TimeSpan.FromMilliseconds(100)).GetAwaiter().GetResult().ExitCode);
                }

                return 0;
            case "leave":
                ChildProcess tied = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), daemon: true, options: s_nobody);
                ChildProcess free = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), daemon: true, options: s_nobody with { KillOnParentExit = false });
                Console.WriteLine(tied.Pid);
                Console.WriteLine(free.Pid);
                return 7;
            default:
                throw new ArgumentException(what);
        }
    }

    private static string Capabilities()
    {
        string permitted = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("CapPrm:", StringComparison.Ordinal));
        try
        {
            Os.SetResUid(0, 0, 0);
            return $"{permitted} and back";
        }
        catch (PosixException exception)
        {
            return $"{permitted} {exception.Errno}";
        }
    }
}
