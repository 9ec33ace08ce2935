using System.Diagnostics;

namespace Multiprocessing.Tests;

/// <summary>One of the programs of tests/Multiprocessing.TestPrograms, in a process of its own.</summary>
internal static class TestProgram
{
    internal static string FilePath { get; } = Path.Combine(AppContext.BaseDirectory.Replace("Multiprocessing.Tests", "Multiprocessing.TestPrograms"), "Multiprocessing.TestPrograms");

    /// <returns>The exit code, 128 + N for signal N; and what it printed.</returns>
    internal static (int Code, string Output, string Error) Run(string[] arguments, Dictionary<string, string>? environment = null) => Run(arguments, environment, out _);

    internal static (int Code, string Output, string Error) Run(string[] arguments, Dictionary<string, string>? environment, out int pid, string input = "")
    {
        ProcessStartInfo start = new(FilePath, arguments);
        foreach ((string name, string value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        return Run(start, input, out pid);
    }

    internal static (int Code, string Output, string Error) Run(ProcessStartInfo start, string input, out int pid)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        pid = process.Id;
        using StreamReader output = process.StandardOutput;
        using StreamReader error = process.StandardError;
        using (StreamWriter writer = process.StandardInput)
        {
            writer.Write(input);
        }

        Task<string> errors = error.ReadToEndAsync();
        string text = output.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text, errors.Result);
    }
}
