using System.Diagnostics;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class CounterTests
{
    private const int EAGAIN = 11;
    private const int EINVAL = 22;

    [Fact]
    [Conformance(250)]
    public void An_event_descriptor_adds_what_is_written_and_gives_it_back_on_one_read()
    {
        using SafeDescriptorHandle counter = Os.EventFd(3, EventFdFlags.NonBlocking);
        Assert.False(Os.GetInheritable(counter));
        Os.EventFdWrite(counter, 4);
        Os.EventFdWrite(counter, ulong.MaxValue - 1 - 7);
        Assert.Equal(EAGAIN, Assert.Throws<PosixException>(() => Os.EventFdWrite(counter, 1)).Errno);
        Assert.Equal(ulong.MaxValue - 1, Os.EventFdRead(counter));
        Assert.Equal(EAGAIN, Assert.Throws<PosixException>(() => Os.EventFdRead(counter)).Errno);
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.EventFdWrite(counter, ulong.MaxValue)).Errno);
    }

    [Fact]
    [Conformance(250)]
    public void In_semaphore_mode_each_read_takes_one()
    {
        using SafeDescriptorHandle counter = Os.EventFd(2, EventFdFlags.Semaphore | EventFdFlags.NonBlocking);
        Os.EventFdWrite(counter, 1);
        Assert.Equal([1UL, 1UL, 1UL], Enumerable.Range(0, 3).Select(_ => Os.EventFdRead(counter)));
        Assert.Equal(EAGAIN, Assert.Throws<PosixException>(() => Os.EventFdRead(counter)).Errno);
    }

    [Fact]
    [Conformance(250)]
    public void A_timer_descriptor_counts_its_expirations()
    {
        using SafeDescriptorHandle timer = Os.TimerFdCreate(ClockId.Monotonic);
        Assert.False(Os.GetInheritable(timer));
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), Os.TimerFdGetTime(timer));
        long start = Stopwatch.GetTimestamp();
        Os.TimerFdSetTime(timer, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(20));
        long count = 0;
        while (count < 4)
        {
            count += Expirations(timer);
        }

        // The first after 50 ms, each further one 20 ms later: what has passed bounds the count, and the other way round.
        double passed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Assert.InRange(count, 4, 1 + ((passed - 50) / 20));
        (TimeSpan remaining, TimeSpan interval) = Os.TimerFdGetTime(timer);
        Assert.Equal(TimeSpan.FromMilliseconds(20), interval);
        Assert.InRange(remaining, TimeSpan.Zero, interval);
        Os.TimerFdSetTime(timer, TimeSpan.Zero);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), Os.TimerFdGetTime(timer));
    }

    [Fact]
    public void A_timer_descriptor_can_be_set_to_a_moment_and_polled()
    {
        using SafeDescriptorHandle timer = Os.TimerFdCreate(ClockId.BootTime, TimerFdFlags.NonBlocking);
        Os.TimerFdSetTime(timer, Os.ClockGetTime(ClockId.BootTime) + TimeSpan.FromMilliseconds(100), absolute: true);
        Assert.InRange(Os.TimerFdGetTime(timer).Remaining, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Assert.Equal(PollEvents.Readable, Os.Poll(timer, PollEvents.Readable, TimeSpan.FromSeconds(20)));
        Assert.Equal(1, Expirations(timer));
        Assert.Equal(EAGAIN, Assert.Throws<PosixException>(() => Expirations(timer)).Errno);

        Os.TimerFdSetTime(timer, new TimeSpan(1), absolute: true); // long past
        Assert.Equal(PollEvents.Readable, Os.Poll(timer, PollEvents.Readable, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void A_time_that_is_none_is_refused()
    {
        using SafeDescriptorHandle timer = Os.TimerFdCreate();
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.TimerFdSetTime(timer, new TimeSpan(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.TimerFdSetTime(timer, default, new TimeSpan(-1)));
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.TimerFdCreate(ClockId.ProcessCpuTime)).Errno);
    }

    private static long Expirations(SafeDescriptorHandle timer)
    {
        byte[] count = new byte[8];
        Assert.Equal(8, Os.Read(timer, count));
        return BitConverter.ToInt64(count);
    }
}
