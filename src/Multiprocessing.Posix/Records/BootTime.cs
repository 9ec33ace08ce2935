namespace Multiprocessing.Posix;

/// <summary>When the system was started, to which the kernel's start times of processes are relative.</summary>
internal static class BootTime
{
    // Two readings differ a little. Below this the clock was not set, and a start time must not change each time it is asked for.
    private const long Tolerance = 10 * TimeSpan.TicksPerMillisecond;

    private const long NoInterruption = TimeSpan.TicksPerMillisecond;

    private static readonly long s_clockTicksPerSecond = Libc.sysconf((int)SysconfName.ClockTicks);

    private static long s_lastSeen;

    /// <summary>A number of clock ticks as time.</summary>
    internal static TimeSpan FromClockTicks(long ticks) => new((long)((Int128)ticks * TimeSpan.TicksPerSecond / s_clockTicksPerSecond));

    /// <summary>A moment that the kernel counts in clock ticks from the system's start.</summary>
    internal static DateTimeOffset At(long clockTicks) => new DateTimeOffset(Now(), TimeSpan.Zero) + FromClockTicks(clockTicks);

    private static long Now()
    {
        long before;
        long now;
        long after;
        do
        {
            before = Os.ClockGetTime(ClockId.BootTime).Ticks;
            now = DateTime.UnixEpoch.Ticks + Os.ClockGetTime(ClockId.RealTime).Ticks - before;
            after = Os.ClockGetTime(ClockId.BootTime).Ticks;
        }
        while (after - before > NoInterruption); // another process had the processor between the two clocks

        long last = Volatile.Read(ref s_lastSeen);
        if (Math.Abs(now - last) < Tolerance)
        {
            return last;
        }

        Volatile.Write(ref s_lastSeen, now);
        return now;
    }
}
