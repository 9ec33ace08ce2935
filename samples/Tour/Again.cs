using Multiprocessing.Posix;

namespace Tour;

/// <summary>Runs one program of the tour in a process of its own, by this program's own command.</summary>
internal static class Again
{
    internal static void Run(string name)
    {
        string[] command = File.ReadAllText("/proc/self/cmdline").TrimEnd('\0').Split('\0');
        Os.WaitPid(Os.PosixSpawn(Environment.ProcessPath!, [.. command, name]));
    }
}
