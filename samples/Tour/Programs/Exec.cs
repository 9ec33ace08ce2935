using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>A process becomes another program: same process ID, nothing else left. A failing exec leaves it as it was.</summary>
internal static class Exec
{
    internal static void Run()
    {
        using ChildProcess child = ChildProcess.Start(() =>
        {
            Console.WriteLine($"child {Os.GetPid()}: .NET, {Environment.GetEnvironmentVariables().Count} variables");
            try
            {
                Os.Execv("/no/such/program", ["program"]);
            }
            catch (PosixException failure)
            {
                Console.WriteLine($"child {Os.GetPid()}: still .NET, since {failure.Message}");
            }

            Os.Execle("/bin/sh", ["sh", "-c", "echo \"child $$: a shell, GREETING=$GREETING\"; exit 5"], [new("GREETING", "hello")]);
        });
        child.Join();
        Console.WriteLine($"parent: process {child.Pid} ended with {child.ExitCode}");
    }
}
