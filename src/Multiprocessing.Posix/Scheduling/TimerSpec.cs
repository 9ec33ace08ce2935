using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct itimerspec on 64-bit systems, glibc and musl.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimerSpec
{
    internal TimeSpec Interval;
    internal TimeSpec Initial;

    internal static TimeSpec ToSystem(TimeSpan time) => new()
    {
        Seconds = time.Ticks / TimeSpan.TicksPerSecond,
        Nanoseconds = time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick,
    };

    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    internal static TimerSpec Of(TimeSpan initial, TimeSpan interval)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(initial, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.Zero);
        return new TimerSpec { Initial = ToSystem(initial), Interval = ToSystem(interval) };
    }

    internal readonly (TimeSpan Remaining, TimeSpan Interval) ToTimes() => (new(Initial.ToTicks()), new(Interval.ToTicks()));
}
