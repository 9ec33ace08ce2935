using System.Globalization;

namespace Multiprocessing;

/// <summary>
/// The child ended without an answer: by a signal, by a limit, by an exit code of its own, by FailFast, by <c>_Exit</c>.
/// Where a limit made its code throw, that exception is the inner one.
/// </summary>
public sealed class ChildCrashedException : ChildException
{
    private const int MostLines = 5;
    private const int LongestLine = 300;

    internal ChildCrashedException(int? pid, string processName, ChildExitStatus status, string lastOutput, string lastErrorOutput, Exception? inner = null)
        : base($"The child '{processName}' (pid {pid}) ended without a result: {Describe(status)}.{Summarize(lastErrorOutput)}", pid, processName, inner)
    {
        ExitStatus = status;
        LastOutput = lastOutput;
        LastErrorOutput = lastErrorOutput;
    }

    /// <summary>How the child ended.</summary>
    public ChildExitStatus ExitStatus { get; }

    /// <summary>
    /// The last lines that the child wrote to its standard error, 16 KiB at most, where <see cref="ChildProcessOptions.StandardError"/> is <see cref="StandardStream.Tee"/>; else empty.
    /// </summary>
    /// <remarks>Read as UTF-8; what is none is replaced. Of a line that alone is longer, its end.</remarks>
    public string LastErrorOutput { get; }

    /// <summary>
    /// The last lines that the child wrote to its standard output, 16 KiB at most, where <see cref="ChildProcessOptions.StandardOutput"/> is <see cref="StandardStream.Tee"/>; else empty.
    /// </summary>
    /// <remarks>Read as UTF-8; what is none is replaced. Of a line that alone is longer, its end.</remarks>
    public string LastOutput { get; }

    private static string Describe(ChildExitStatus status)
    {
        string end = status.Signal is { } signal
            ? string.Create(CultureInfo.InvariantCulture, $"killed by signal {signal.Number} ({signal.Name})")
            : string.Create(CultureInfo.InvariantCulture, $"it exited with code {status.ExitCode}");
        return status.Reason switch
        {
            StopReason.TimedOut => $"its Timeout ran out ({end})",
            StopReason.OverCpu => $"its CPU time was used up ({end})",
            StopReason.OverMemory => $"its MemoryLimit was not enough ({end})",
            _ => end,
        };
    }

    /// <summary>The last few lines; without the frames of stack traces, which would fill it: what has happened stands above them.</summary>
    private static string Summarize(string lastErrorOutput)
    {
        string[] lines =
        [
            .. lastErrorOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Where(line => !line.StartsWith("at ", StringComparison.Ordinal))
                .TakeLast(MostLines)
                .Select(line => $"\n  {(line.Length <= LongestLine ? line : $"{line.AsSpan(0, LongestLine)}…")}"),
        ];
        return lines.Length == 0 ? "" : $" The last of its standard error:{string.Concat(lines)}";
    }
}
