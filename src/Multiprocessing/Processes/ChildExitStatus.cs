using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>How a child ended.</summary>
/// <param name="ExitCode">0 to 255, or the terminating signal's number negated; 255 when nobody can know it any more.</param>
/// <param name="Signal">The signal that ended it, or null.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Usage">What it used; zero when somebody else waited for it.</param>
public sealed record ChildExitStatus(int ExitCode, Signal? Signal, StopReason Reason, ResourceUsage Usage)
{
    /// <summary>What stands for an exit status that nobody can know: the child was reaped by someone else and left no word.</summary>
    internal const int UnknownExitCode = 255;

    internal static ChildExitStatus From(WaitStatus status, ResourceUsage usage) => status.Signaled
        ? new ChildExitStatus(status.ToExitCode(), status.TermSignal, StopReason.Signaled, usage)
        : new ChildExitStatus(status.ToExitCode(), null, StopReason.Exited, usage);
}
