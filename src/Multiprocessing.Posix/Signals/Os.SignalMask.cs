using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>Changes which signals the calling thread has blocked. See pthread_sigmask(3).</summary>
    /// <param name="how">How to change them.</param>
    /// <param name="signals">The signals; none with <see cref="MaskChange.Block"/> only asks.</param>
    /// <returns>Those that were blocked before.</returns>
    /// <remarks>
    /// The mask belongs to the thread: threads started later inherit it, others do not have it, and after an await the code may be on another one. A signal to the process is delivered to
    /// any thread that does not block it. SIGKILL, SIGSTOP and the C library's own signals are passed over by the system; so is, here, the one by which .NET's
    /// runtime stops its threads (SIGRTMIN): a thread that blocked it could hold up the garbage collection for ever.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">There is no such signal, or no such change.</exception>
    public static IReadOnlySet<Signal> SignalMask(MaskChange how, params Signal[] signals)
    {
        ArgumentNullException.ThrowIfNull(signals);
        ArgumentOutOfRangeException.ThrowIfNegative((int)how, nameof(how));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((int)how, (int)MaskChange.Set, nameof(how));
        SignalSet set = SignalSet.Of(signals);
        if (how != MaskChange.Unblock)
        {
            set.Remove(Signal.RealTime(0));
        }

        return ChangeSignalMask(how, set).ToSet();
    }

    /// <summary>In a starting child: SIGABRT, which has been kept waiting since its birth, has its default action.</summary>
    /// <remarks>By number and bit: the sets that the public members take would have to be compiled just in time, a tenth of a start.</remarks>
    internal static void LetAbortThrough()
    {
        default(SignalAction).Install(Signal.Abrt);
        SignalSet set = default;
        set[0] = 1UL << (Signal.Abrt.Number - 1);
        ChangeSignalMask(MaskChange.Unblock, set);
    }

    internal static SignalSet SetSignalMask(SignalSet set) => ChangeSignalMask(MaskChange.Set, set);

    private static unsafe SignalSet ChangeSignalMask(MaskChange how, SignalSet set)
    {
        SignalSet old;
        CheckNumber("pthread_sigmask", Libc.pthread_sigmask((int)how, &set, &old));
        return old;
    }

    /// <summary>The signals that have come to this thread or to the process and are blocked. See sigpending(2).</summary>
    /// <returns>The signals.</returns>
    public static unsafe IReadOnlySet<Signal> SigPending()
    {
        SignalSet set;
        Check("sigpending", Libc.sigpending(&set));
        return set.ToSet();
    }

    /// <summary>Waits for one of some signals, and takes it. See sigtimedwait(2); a wait that another signal interrupts goes on.</summary>
    /// <param name="signals">The signals. Every thread has to block those that are sent to the process, or another one gets them; block them on the main thread before others start.</param>
    /// <param name="timeout">How long; null: for ever; zero: not at all.</param>
    /// <returns>The signal and its sender; null when the time ran out.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such signal, or the time is negative.</exception>
    public static unsafe ReceivedSignal? SigTimedWait(IReadOnlyCollection<Signal> signals, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(signals);
        if (timeout is { } limit)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(limit, TimeSpan.Zero, nameof(timeout));
        }

        SignalSet set = SignalSet.Of(signals);
        SignalInfo info;
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = timeout is { } all ? all - System.Diagnostics.Stopwatch.GetElapsedTime(start) : TimeSpan.Zero;
            left = left < TimeSpan.Zero ? TimeSpan.Zero : left;
            TimeSpec time = new() { Seconds = left.Ticks / TimeSpan.TicksPerSecond, Nanoseconds = left.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick };
            int number = Libc.sigtimedwait(&set, &info, timeout is null ? null : &time);
            if (number > 0)
            {
                return new ReceivedSignal(new Signal(number), info.Pid, info.Uid, info.Value);
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EAGAIN: return null;
                case Errno.EINTR: continue;
                case var errno: throw PosixException.For("sigtimedwait", errno);
            }
        }
    }
}

/// <summary>How <see cref="Os.SignalMask"/> changes the mask, with the system's values.</summary>
public enum MaskChange
{
    /// <summary>SIG_BLOCK: block these, too.</summary>
    Block = 0,

    /// <summary>SIG_UNBLOCK: block these no longer.</summary>
    Unblock = 1,

    /// <summary>SIG_SETMASK: block these and no others.</summary>
    Set = 2,
}

/// <summary>A signal that was waited for. See sigtimedwait(2) and siginfo_t in sigaction(2).</summary>
/// <param name="Signal">The signal.</param>
/// <param name="Pid">The process that sent it; 0 when the kernel did.</param>
/// <param name="Uid">The sender's real user ID.</param>
/// <param name="Value">The value that <see cref="Os.SigQueue"/> sent with it.</param>
public sealed record ReceivedSignal(Signal Signal, int Pid, uint Uid, nint Value);
