using System.Diagnostics;

namespace Multiprocessing.Posix.Tests;

public sealed class TimerTests
{
    private const int ESRCH = 3;
    private const int EINVAL = 22;

    private static readonly Signal s_harmless = new(23); // SIGURG, which is ignored by default

    [Fact]
    public void Clocks_tell_what_they_are_for()
    {
        Assert.InRange(DateTime.UtcNow - DateTime.UnixEpoch - Os.ClockGetTime(ClockId.RealTime), TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5));
        TimeSpan monotonic = Os.ClockGetTime(ClockId.Monotonic);
        TimeSpan stopwatch = TimeSpan.FromSeconds(Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency);
        Assert.InRange(stopwatch - monotonic, TimeSpan.FromMilliseconds(-1), TimeSpan.FromSeconds(5));
        Assert.True(Os.ClockGetTime(ClockId.BootTime) >= monotonic);
        Assert.True(Os.ClockGetTime(ClockId.MonotonicRaw) > TimeSpan.Zero);
        TimeSpan thread = Os.ClockGetTime(ClockId.ThreadCpuTime);
        TimeSpan process = Os.ClockGetTime(ClockId.ProcessCpuTime);
        Assert.InRange(thread, new TimeSpan(1), process);
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.ClockGetTime((ClockId)99)).Errno);
    }

    [Fact]
    public void The_CPU_clock_of_a_process_counts_its_work()
    {
        ClockId mine = Os.ClockGetCpuClockId();
        TimeSpan before = Os.ClockGetTime(mine);
        Assert.InRange(before, new TimeSpan(1), Os.ClockGetTime(ClockId.ProcessCpuTime));
        for (long start = Stopwatch.GetTimestamp(); Os.ClockGetTime(mine) - before < TimeSpan.FromMilliseconds(20);)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20));
        }

        int pid = Os.PosixSpawn("/bin/sleep", ["sleep", "1000"]);
        ClockId theirs = Os.ClockGetCpuClockId(pid);
        Assert.InRange(Os.ClockGetTime(theirs), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Os.Kill(pid, Signal.Kill);
        Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited);
        Assert.Equal(ESRCH, Assert.Throws<PosixException>(() => Os.ClockGetCpuClockId(pid)).Errno);
    }

    [Fact]
    public void A_timer_says_how_long_it_has_to_run_until_it_is_stopped_or_deleted()
    {
        int before = Timers();
        SafeTimerHandle timer = Os.TimerCreate(ClockId.Monotonic, s_harmless);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), Os.TimerGetTime(timer));
        Os.TimerSetTime(timer, TimeSpan.FromHours(1), TimeSpan.FromMinutes(1));
        (TimeSpan remaining, TimeSpan interval) = Os.TimerGetTime(timer);
        Assert.InRange(remaining, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromMinutes(1), interval);
        Os.TimerSetTime(timer, Os.ClockGetTime(ClockId.Monotonic) + TimeSpan.FromHours(2), absolute: true);
        Assert.InRange(Os.TimerGetTime(timer).Remaining, TimeSpan.FromMinutes(119), TimeSpan.FromHours(2));
        Os.TimerSetTime(timer, TimeSpan.Zero);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), Os.TimerGetTime(timer));
        Assert.True(Timers() == before + 1 || before < 0);
        timer.Dispose();
        Assert.Equal(before, Timers());
        Assert.Throws<ObjectDisposedException>(() => Os.TimerGetTime(timer));
    }

    [Fact]
    public void A_timer_that_makes_no_sense_is_refused()
    {
        int before = Timers();
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.TimerCreate(ClockId.Monotonic, new Signal(0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.TimerCreate(ClockId.Monotonic, new Signal(65)));
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.TimerCreate((ClockId)99, s_harmless)).Errno);
        using SafeTimerHandle timer = Os.TimerCreate(ClockId.ProcessCpuTime, s_harmless);
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.TimerSetTime(timer, new TimeSpan(-1)));
        timer.Dispose();
        Assert.Equal(before, Timers());
    }

    /// <returns>How many timers the process has; -1 when the kernel does not say.</returns>
    private static int Timers() => File.Exists("/proc/self/timers") ? File.ReadLines("/proc/self/timers").Count(line => line.StartsWith("ID:", StringComparison.Ordinal)) : -1;
}
