using System.Diagnostics;
using System.Globalization;

namespace Multiprocessing.Posix.Tests;

/// <summary>What the C library itself says, from a small program compiled on the spot.</summary>
/// <remarks>
/// Two variables serve machines that this one only imitates (eng/test-arm64): MULTIPROCESSING_TEST_CC names the compiler,
/// and MULTIPROCESSING_TEST_RUN the program that runs what it makes.
/// </remarks>
internal static class CProgram
{
    private static readonly string s_compiler = Environment.GetEnvironmentVariable("MULTIPROCESSING_TEST_CC") ?? "gcc";
    private static readonly string? s_runner = Environment.GetEnvironmentVariable("MULTIPROCESSING_TEST_RUN");

    /// <summary>The values of C expressions, which must be whole numbers.</summary>
    internal static long[] Evaluate(string headers, IEnumerable<string> expressions)
    {
        string prints = string.Concat(expressions.Select(expression => $"printf(\"%lld\\n\", (long long)({expression}));\n"));
        return [.. Run($"#include <stdio.h>\n#include <stddef.h>\n{headers}\nint main(void) {{ {prints} }}").Select(line => long.Parse(line, CultureInfo.InvariantCulture))];
    }

    /// <returns>What the program prints, by lines.</returns>
    internal static string[] Run(string source)
    {
        Assert.SkipUnless(File.Exists($"/usr/bin/{s_compiler}") || File.Exists($"/usr/local/bin/{s_compiler}"), $"{s_compiler} is not installed, so there is nothing to compare with.");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("c-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "p.c"), $"#define _GNU_SOURCE\n{source}");
            Execute(s_compiler, folder.FullName, "-o", "p", "p.c");
            string program = Path.Combine(folder.FullName, "p");
            string output = s_runner is null ? Execute(program, folder.FullName) : Execute(s_runner, folder.FullName, program);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
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
