using System.Globalization;

namespace Multiprocessing;

/// <summary>The child ended without an answer: by a signal, by an exit code of its own, by FailFast, by <c>_Exit</c>.</summary>
public sealed class ChildCrashedException : ChildException
{
    internal ChildCrashedException(int? pid, string processName, ChildExitStatus status)
        : base($"The child '{processName}' (pid {pid}) ended without a result: {Describe(status)}.", pid, processName, inner: null) =>
        ExitStatus = status;

    /// <summary>How the child ended.</summary>
    public ChildExitStatus ExitStatus { get; }

    private static string Describe(ChildExitStatus status) => status.Signal is { } signal
        ? string.Create(CultureInfo.InvariantCulture, $"killed by signal {signal.Number} ({signal.Name})")
        : string.Create(CultureInfo.InvariantCulture, $"it exited with code {status.ExitCode}");
}
