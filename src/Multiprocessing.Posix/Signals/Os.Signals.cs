using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>Sends a signal. See kill(2).</summary>
    /// <param name="pid">A process; 0: this process's group; -1: every process that may be signalled; below -1: the group -pid.</param>
    /// <param name="signal">The signal; one with number 0 only checks that the target exists.</param>
    /// <remarks>
    /// .NET's runtime handles SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV and SIGTRAP, and swallows the first of them that is sent to a .NET process: it takes it for a
    /// fault that would come again. To this process itself this call sends them as promised, as <see cref="Raise"/> does; another
    /// .NET process has to be sent a second one, or has to have called <see cref="SetDefault"/>.
    /// </remarks>
    /// <exception cref="PosixException">EINVAL, EPERM, or ESRCH: there is no such process.</exception>
    public static void Kill(int pid, Signal signal)
    {
        if (pid == GetPid())
        {
            KeepRuntimeFromSwallowing(signal);
        }

        Check("kill", Libc.kill(pid, signal.Number));
    }

    /// <summary>Sends a signal to a process group. See killpg(3).</summary>
    /// <param name="pgid">The group's ID; 0: this process's own. A negative one is EINVAL.</param>
    /// <param name="signal">The signal; one with number 0 only checks that the group exists.</param>
    /// <exception cref="PosixException">EINVAL, EPERM, or ESRCH: there is no such group.</exception>
    public static void Killpg(int pgid, Signal signal)
    {
        if (pgid < 0)
        {
            throw PosixException.For("killpg", Errno.EINVAL); // musl would, glibc before 2.38 would not
        }

        Check("killpg", Libc.killpg(pgid, signal.Number));
    }

    /// <summary>Sends a signal with a value to a process; real-time signals queue up, each with its own. See sigqueue(3).</summary>
    /// <param name="pid">The process.</param>
    /// <param name="signal">The signal; one with number 0 only checks that the process exists.</param>
    /// <param name="value">What <see cref="SigTimedWait"/>, or a handler in C, finds with it.</param>
    /// <exception cref="PosixException">EINVAL, EPERM, ESRCH, or EAGAIN: the receiver's limit of pending signals is reached.</exception>
    public static void SigQueue(int pid, Signal signal, nint value) => Check("sigqueue", Libc.sigqueue(pid, signal.Number, value));

    /// <summary>Sends a signal to the calling thread. See raise(3). It has been delivered when the call returns, unless it is blocked.</summary>
    /// <param name="signal">The signal.</param>
    /// <remarks>
    /// SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV and SIGTRAP, which .NET's runtime would swallow once, get their default action first, and so end
    /// the process, unless <see cref="Handle"/> or <see cref="Ignore"/> has them.
    /// </remarks>
    /// <exception cref="PosixException">EINVAL: there is no such signal.</exception>
    public static void Raise(Signal signal)
    {
        KeepRuntimeFromSwallowing(signal);
        if (Libc.raise(signal.Number) != 0)
        {
            throw PosixException.For("raise", Errno.EINVAL);
        }
    }

    /// <summary>Ends the process by SIGABRT, at once: no exit handler runs, no finally block. See abort(3).</summary>
    [DoesNotReturn]
    public static void Abort()
    {
        KeepRuntimeFromSwallowing(Signal.Abrt);
        Libc.abort();
        throw new UnreachableException();
    }

    /// <summary>Sleeps until a signal that <see cref="Handle"/> has has come, and its handler has returned. See pause(2).</summary>
    /// <remarks>
    /// A signal whose action is to end or to stop the process does so, as ever. The calling thread does not sleep in pause(2) itself: that would return for each
    /// signal that the runtime sends to its own threads, too.
    /// </remarks>
    public static void Pause() => SignalHandlers.WaitForOne();

    /// <summary>Has SIGALRM sent to this process after a time, in place of an earlier request. See alarm(2). Without a handler SIGALRM ends the process.</summary>
    /// <param name="seconds">The time in seconds; 0: withdraw the earlier request.</param>
    /// <returns>How many seconds were left of the earlier request; 0 when there was none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public static int Alarm(int seconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(seconds);
        return (int)Libc.alarm((uint)seconds);
    }

    /// <summary>The runtime's handlers of faults restore the default and return, so that the fault comes again and ends the process. One that was sent does not come again.</summary>
    private static void KeepRuntimeFromSwallowing(Signal signal)
    {
        if (IsFault(signal) && SignalAction.Of(signal) is { IsFunction: true } current && current.Handler != SignalTrampoline.Address)
        {
            default(SignalAction).Install(signal);
        }
    }

    /// <summary>Whether the processor, or abort(3), raises this signal in the thread that it is about.</summary>
    internal static bool IsFault(Signal signal) =>
        signal == Signal.Abrt || signal == Signal.Bus || signal == Signal.Fpe || signal == Signal.Ill || signal == Signal.Segv || signal == Signal.Trap;
}
