using System.Globalization;

namespace Multiprocessing.Posix;

/// <summary>What wait(2) reports of a child. Asking for a property that does not apply throws <see cref="InvalidOperationException"/>.</summary>
/// <param name="Value">The status word as the kernel gives it.</param>
/// <remarks>Decodes as the macros of wait(2) do. Immutable; safe from any thread.</remarks>
public readonly record struct WaitStatus(int Value)
{
    private const int ContinuedValue = 0xFFFF;

    private int Low => Value & 0x7F;

    /// <summary>WIFEXITED: the child ended by itself, with an exit status.</summary>
    public bool Exited => Low == 0;

    /// <summary>WEXITSTATUS: the exit status, 0 to 255.</summary>
    /// <exception cref="InvalidOperationException">The child did not exit by itself.</exception>
    public int ExitStatus => Exited ? (Value >> 8) & 0xFF : throw DoesNotApply("an exit status");

    /// <summary>WIFSIGNALED: a signal ended the child.</summary>
    public bool Signaled => (sbyte)(Low + 1) >> 1 > 0;

    /// <summary>WTERMSIG: the signal that ended the child.</summary>
    /// <exception cref="InvalidOperationException">No signal ended the child.</exception>
    public Signal TermSignal => Signaled ? new Signal(Low) : throw DoesNotApply("a terminating signal");

    /// <summary>WCOREDUMP: the signal that ended the child also made it dump core.</summary>
    /// <exception cref="InvalidOperationException">No signal ended the child.</exception>
    public bool CoreDumped => Signaled ? (Value & 0x80) != 0 : throw DoesNotApply("a core dump flag");

    /// <summary>WIFSTOPPED: the child is stopped.</summary>
    public bool Stopped => (Value & 0xFF) == 0x7F;

    /// <summary>WSTOPSIG: the signal that stopped the child.</summary>
    /// <exception cref="InvalidOperationException">The child is not stopped.</exception>
    public Signal StopSignal => Stopped ? new Signal((Value >> 8) & 0xFF) : throw DoesNotApply("a stopping signal");

    /// <summary>WIFCONTINUED: the child was continued.</summary>
    public bool Continued => Value == ContinuedValue;

    /// <summary>The exit code as <c>waitstatus_to_exitcode</c> gives it: the exit status, or the terminating signal's number negated.</summary>
    /// <returns>0 to 255 for a child that exited, -1 to -126 for one that a signal ended.</returns>
    /// <exception cref="InvalidOperationException">The child has not ended.</exception>
    public int ToExitCode() => Exited ? ExitStatus : Signaled ? -Low : throw DoesNotApply("an exit code");

    /// <summary>Reads as wait(2) is taught: "exited, status=9", "killed by signal 6 (Aborted, core dumped)".</summary>
    /// <returns>The status in words.</returns>
    public override string ToString()
    {
        if (Exited)
        {
            return string.Create(CultureInfo.InvariantCulture, $"exited, status={ExitStatus}");
        }

        if (Signaled)
        {
            return string.Create(CultureInfo.InvariantCulture, $"killed by signal {Low} ({TermSignal.Describe()}{(CoreDumped ? ", core dumped" : "")})");
        }

        if (Continued)
        {
            return "continued";
        }

        return Stopped
            ? string.Create(CultureInfo.InvariantCulture, $"stopped by signal {StopSignal.Number} ({StopSignal.Describe()})")
            : string.Create(CultureInfo.InvariantCulture, $"unknown status 0x{Value:x}");
    }

    /// <summary>The status of a child that exited by itself.</summary>
    internal static WaitStatus FromExit(int status) => new((status & 0xFF) << 8);

    private InvalidOperationException DoesNotApply(string what) => new($"The wait status 0x{Value:x} ({this}) has no such thing as {what}.");
}
