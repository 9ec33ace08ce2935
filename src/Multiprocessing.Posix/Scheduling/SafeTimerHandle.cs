using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>A timer of timer_create(2); deleted when disposed or collected, so keep it for as long as it is to run.</summary>
public sealed class SafeTimerHandle : SafeHandle
{
    private readonly int _owner = Os.GetPid();

    internal SafeTimerHandle(int id)
        : base(-1, ownsHandle: true) => SetHandle(id);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1; // the first timer has number 0

    /// <summary>Deletes the timer. See timer_delete(2).</summary>
    /// <returns>Whether the call succeeded.</returns>
    /// <remarks>A forked child does not inherit timers; under this number it may have one of its own.</remarks>
    protected override bool ReleaseHandle() => _owner != Os.GetPid() || Libc.syscall(Os.SYS_timer_delete, handle, 0, 0, 0, 0) == 0;
}
