using System.Diagnostics;

namespace Multiprocessing.Posix.Tests;

/// <summary>What ps(1) says of a process.</summary>
internal static class PsTable
{
    /// <returns>The column's value, trimmed; empty when there is no such process.</returns>
    internal static string Ask(int pid, string column)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/ps") || File.Exists("/bin/ps"), "ps is not installed.");
        ProcessStartInfo start = new("ps", ["-ww", "-o", $"{column}=", "-p", $"{pid}"]) { RedirectStandardOutput = true };
        start.Environment["LC_ALL"] = "C";
        start.Environment["TZ"] = "UTC";
        using Process ps = Process.Start(start)!;
        using StreamReader reader = ps.StandardOutput;
        string output = reader.ReadToEnd();
        ps.WaitForExit();
        return output.Trim();
    }
}
