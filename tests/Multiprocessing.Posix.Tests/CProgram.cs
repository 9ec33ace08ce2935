using System.Diagnostics;

namespace Multiprocessing.Posix.Tests;

/// <summary>What the C library itself says, from a small program compiled on the spot.</summary>
internal static class CProgram
{
    /// <returns>What the program prints, by lines.</returns>
    internal static string[] Run(string source)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/gcc") || File.Exists("/usr/local/bin/gcc"), "gcc is not installed, so there is nothing to compare with.");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("c-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "p.c"), $"#define _GNU_SOURCE\n{source}");
            Execute("gcc", folder.FullName, "-o", "p", "p.c");
            return Execute(Path.Combine(folder.FullName, "p"), folder.FullName).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Execute(string file, string folder, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(file, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        using StreamReader reader = process.StandardOutput;
        string output = reader.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
