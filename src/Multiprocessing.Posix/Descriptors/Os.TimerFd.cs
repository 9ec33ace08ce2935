namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    private const int TFD_CLOEXEC = O_CLOEXEC;
    private const int TFD_TIMER_ABSTIME = 1;

    /// <summary>Makes a timer that can be polled. See timerfd_create(2).</summary>
    /// <param name="clock">RealTime, Monotonic or BootTime.</param>
    /// <param name="flags">Flags beside close-on-exec, which is always set.</param>
    /// <returns>
    /// The descriptor, not running yet. It polls readable when the time has come; <see cref="Read"/> then gives the number of expirations
    /// since the last read, as 8 bytes.
    /// </returns>
    /// <exception cref="PosixException">EINVAL: not such a clock; EMFILE.</exception>
    public static SafeDescriptorHandle TimerFdCreate(ClockId clock = ClockId.Monotonic, TimerFdFlags flags = TimerFdFlags.None) =>
        new(Check("timerfd_create", Libc.timerfd_create(clock, (int)flags | TFD_CLOEXEC)));

    /// <summary>Starts a timer, or stops it. See timerfd_settime(2).</summary>
    /// <param name="timer">The timer.</param>
    /// <param name="initial">The time to the first expiration; 0 stops the timer.</param>
    /// <param name="interval">The time between expirations after that; 0: only one.</param>
    /// <param name="absolute">Whether <paramref name="initial"/> is a reading of the clock, not a time from now.</param>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    /// <exception cref="PosixException">EBADF; EINVAL: it is no timer.</exception>
    public static void TimerFdSetTime(SafeDescriptorHandle timer, TimeSpan initial, TimeSpan interval = default, bool absolute = false)
    {
        TimerSpec time = TimerSpec.Of(initial, interval);
        Check("timerfd_settime", Libc.timerfd_settime(timer, absolute ? TFD_TIMER_ABSTIME : 0, &time, null));
    }

    /// <summary>How long a timer has to run. See timerfd_gettime(2).</summary>
    /// <param name="timer">The timer.</param>
    /// <returns>The time to the next expiration, 0 when it is stopped, and the time between expirations.</returns>
    /// <exception cref="PosixException">EBADF; EINVAL: it is no timer.</exception>
    public static (TimeSpan Remaining, TimeSpan Interval) TimerFdGetTime(SafeDescriptorHandle timer)
    {
        TimerSpec time;
        Check("timerfd_gettime", Libc.timerfd_gettime(timer, &time));
        return time.ToTimes();
    }
}

/// <summary>Flags of timerfd_create(2), with the system's values.</summary>
[Flags]
public enum TimerFdFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>TFD_NONBLOCK: fail with EAGAIN instead of waiting.</summary>
    NonBlocking = 0x800,
}
