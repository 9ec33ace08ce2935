using System.Diagnostics;
using System.Globalization;

namespace Compare;

/// <summary>A program that measures one metric at a time, by its name, and prints its samples as lines: name, tab, value, tab, unit.</summary>
internal abstract class Peer(string program, IReadOnlyList<string> arguments, string version) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    /// <summary>What it is, for the reader of the figures.</summary>
    internal string Version => version;

    /// <exception cref="InvalidOperationException">It failed, or hangs.</exception>
    internal IEnumerable<Figure> Measure(string metric, Effort effort)
    {
        string output = Run(program, [.. arguments, .. effort.Pick<string[]>([], ["--quick"]), metric])
            ?? throw new InvalidOperationException($"{program} could not be run.");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <returns>What the program prints; null if there is no such program.</returns>
    /// <exception cref="InvalidOperationException">It failed, or hangs.</exception>
    protected static string? Run(string program, IReadOnlyList<string> arguments)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }

        using (process)
        using (StreamReader reader = process.StandardOutput)
        using (Timer _ = new(_ => process.Kill(entireProcessTree: true), null, s_patience, Timeout.InfiniteTimeSpan))
        {
            string output = reader.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? output
                : throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}.");
        }
    }

    private static Figure Parse(string line)
    {
        string[] parts = line.Split('\t');
        return parts.Length == 3
            ? new Figure(double.Parse(parts[1], CultureInfo.InvariantCulture), Unit.Parse(parts[2]))
            : throw new InvalidOperationException($"A peer printed '{line}'.");
    }
}
