using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    internal static readonly int SYS_timer_create = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 222 : 107;
    internal static readonly int SYS_timer_settime = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 223 : 110;
    internal static readonly int SYS_timer_gettime = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 224 : 108;
    internal static readonly int SYS_timer_delete = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 226 : 111;

    private const int SIGEV_SIGNAL = 0;
    private const int TIMER_ABSTIME = 1;

    /// <summary>Reads a clock. See clock_gettime(2).</summary>
    /// <param name="clock">The clock.</param>
    /// <returns>The time since the clock's beginning, rounded down to 100 nanoseconds.</returns>
    /// <exception cref="PosixException">EINVAL: there is no such clock, or its process has ended.</exception>
    public static TimeSpan ClockGetTime(ClockId clock)
    {
        TimeSpec time;
        Check("clock_gettime", Libc.clock_gettime(clock, &time));
        return new TimeSpan(time.ToTicks());
    }

    /// <summary>The clock that counts the CPU time of a process. See clock_getcpuclockid(3).</summary>
    /// <param name="pid">The process; 0: this one.</param>
    /// <returns>The clock.</returns>
    /// <exception cref="PosixException">ESRCH: there is no such process; EPERM.</exception>
    public static ClockId ClockGetCpuClockId(int pid = 0)
    {
        ClockId clock;
        CheckNumber("clock_getcpuclockid", Libc.clock_getcpuclockid(pid, &clock));
        return clock;
    }

    /// <summary>Makes a timer that sends this process a signal. See timer_create(2), SIGEV_SIGNAL.</summary>
    /// <param name="clock">What it counts. On <see cref="ClockId.ProcessCpuTime"/> it is a limit of CPU time finer than RLIMIT_CPU's whole seconds.</param>
    /// <param name="signal">The signal. SIGKILL needs no handler, and nothing in the process can hinder it.</param>
    /// <returns>The timer, not running yet. A fork does not inherit it; exec deletes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The signal's number is not from 1 to 64.</exception>
    /// <exception cref="PosixException">EINVAL: there is no such clock; EAGAIN; ENOTSUP: the clock has no timers; EPERM.</exception>
    public static SafeTimerHandle TimerCreate(ClockId clock, Signal signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(signal.Number, 1, nameof(signal));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(signal.Number, 64, nameof(signal));
        SignalEvent request = new() { SignalNumber = signal.Number, Notify = SIGEV_SIGNAL };
        int id; // the kernel's timer_t; the C library's is as wide as a pointer
        Check("timer_create", (int)Libc.syscall(SYS_timer_create, (int)clock, (nint)(&request), (nint)(&id), 0, 0));
        return new SafeTimerHandle(id);
    }

    /// <summary>Starts a timer, or stops it. See timer_settime(2).</summary>
    /// <param name="timer">The timer.</param>
    /// <param name="initial">The time to the first signal; 0 stops the timer.</param>
    /// <param name="interval">The time between signals after that; 0: only one.</param>
    /// <param name="absolute">Whether <paramref name="initial"/> is a reading of the clock, not a time from now.</param>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    /// <exception cref="PosixException">EINVAL.</exception>
    public static void TimerSetTime(SafeTimerHandle timer, TimeSpan initial, TimeSpan interval = default, bool absolute = false)
    {
        TimerSpec time = TimerSpec.Of(initial, interval);
        Check("timer_settime", (int)Libc.timer_settime(SYS_timer_settime, timer, absolute ? TIMER_ABSTIME : 0, &time, null));
    }

    /// <summary>How long a timer has to run. See timer_gettime(2).</summary>
    /// <param name="timer">The timer.</param>
    /// <returns>The time to the next signal, 0 when it is stopped, and the time between signals.</returns>
    /// <exception cref="PosixException">EINVAL.</exception>
    public static (TimeSpan Remaining, TimeSpan Interval) TimerGetTime(SafeTimerHandle timer)
    {
        TimerSpec time;
        Check("timer_gettime", (int)Libc.timer_gettime(SYS_timer_gettime, timer, &time));
        return time.ToTimes();
    }

    /// <summary>struct sigevent: 64 bytes in both C libraries and in the kernel, of which SIGEV_SIGNAL needs these.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    internal struct SignalEvent
    {
        [FieldOffset(8)]
        internal int SignalNumber;

        [FieldOffset(12)]
        internal int Notify;
    }
}
