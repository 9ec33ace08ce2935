using System.Diagnostics;

namespace Multiprocessing.Posix.Tests;

/// <summary>What another program of the system says, to compare with.</summary>
internal static class SystemProgram
{
    /// <returns>What the program prints, without the last line's end.</returns>
    internal static string Run(string name, params string[] arguments)
    {
        string? path = Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipUnless(path is not null, $"{name} is not installed, so there is nothing to compare with.");
        using Process process = Process.Start(new ProcessStartInfo(path!, arguments) { RedirectStandardOutput = true })!;
        using StreamReader reader = process.StandardOutput;
        string output = reader.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.TrimEnd('\n');
    }

    internal static string Python(string script) => Run("python3", "-c", script);
}
