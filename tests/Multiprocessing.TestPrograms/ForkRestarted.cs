using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>What the program sees after it has been executed again: the same process ID, arguments and environment as before.</summary>
internal static class ForkRestarted
{
    internal static int Run(string[] args)
    {
        Console.WriteLine($"pid {Os.GetPid()}");
        Console.WriteLine($"args {string.Join('|', args)}");
        foreach (string name in (string[])["DOTNET_EnableWriteXorExecute", "DOTNET_EnableDiagnostics", "DOTNET_gcServer", "DOTNET_gcConcurrent", "DOTNET_TieredCompilation", "MULTIPROCESSING_FORKABLE", "MINE"])
        {
            Console.WriteLine($"{name}={Environment.GetEnvironmentVariable(name) ?? "unset"}");
        }

        Os.RestartForkable(); // nothing
        Console.WriteLine(Os.CanFork(out string? reason) ? "can fork" : reason);
        return 0;
    }
}
