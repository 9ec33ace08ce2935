using System.Globalization;

namespace Multiprocessing.Posix;

/// <summary>Files that the runtime makes for debuggers and diagnostic tools, and removes at its end: a program that is executed in its place would leave them behind for ever.</summary>
internal static class DiagnosticFiles
{
    private const int StartTimeField = 22; // of /proc/self/stat

    internal static unsafe void Remove()
    {
        if (ProcFile.TryRead("/proc/self/stat", out byte[] stat) != 0)
        {
            return;
        }

        // The name of the program may have spaces and parentheses in it.
        string[] fields = SurrogateEscape.Decode(stat.AsSpan(stat.AsSpan().LastIndexOf((byte)')') + 2)).Split(' ');
        string key = string.Create(CultureInfo.InvariantCulture, $"{Os.GetPid()}-{fields[StartTimeField - 3]}");
        string folder = TemporaryFolder();
        foreach (string name in (string[])[$"dotnet-diagnostic-{key}-socket", $"clr-debug-pipe-{key}-in", $"clr-debug-pipe-{key}-out"])
        {
            using CString path = new(Path.Combine(folder, name));
            _ = Libc.unlink(path.Pointer); // mostly it is not there
        }
    }

    /// <summary>The runtime looked at TMPDIR when it started; it may have changed since.</summary>
    private static string TemporaryFolder()
    {
        ProcFile.TryRead("/proc/self/environ", out byte[] initial);
        foreach (string variable in SurrogateEscape.Decode(initial).Split('\0'))
        {
            if (variable.StartsWith("TMPDIR=", StringComparison.Ordinal))
            {
                return variable["TMPDIR=".Length..];
            }
        }

        return "/tmp";
    }
}
