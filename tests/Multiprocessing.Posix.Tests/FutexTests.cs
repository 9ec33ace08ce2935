using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix.Tests;

public sealed unsafe class FutexTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_word_with_another_value_is_not_waited_on(bool shared)
    {
        uint word = uint.MaxValue;
        Assert.Equal(FutexWaitResult.ValueDiffers, Os.FutexWait(ref word, 5, null, shared));
        Assert.Equal(FutexWaitResult.TimedOut, Os.FutexWait(ref word, uint.MaxValue, TimeSpan.Zero, shared));
    }

    [Fact]
    public void A_wait_lasts_its_time()
    {
        uint word = 1;
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(FutexWaitResult.TimedOut, Os.FutexWait(ref word, 1, TimeSpan.FromMilliseconds(120)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 120, 5_000);
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.FutexWait(ref word, 1, TimeSpan.FromMilliseconds(-2)));
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, long.MaxValue)] // the greatest time is no overflow
    [InlineData(true, -TimeSpan.TicksPerMillisecond)] // Timeout.InfiniteTimeSpan
    public void A_sleeper_is_woken(bool shared, long? ticks)
    {
        uint[] words = [0, 0];
        Task<FutexWaitResult> sleeper = Task.Run(() => Os.FutexWait(ref words[1], 0, ticks is { } limit ? new TimeSpan(limit) : null, shared));
        WakeOne(ref words[1], shared);
        Assert.Equal(FutexWaitResult.Woken, sleeper.GetAwaiter().GetResult());
        Assert.Equal(0, Os.FutexWake(ref words[1], int.MaxValue, shared));
    }

    [Fact]
    public void As_many_are_woken_as_asked_for()
    {
        uint word = 0;
        Task<FutexWaitResult>[] sleepers = [.. Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(() => Os.FutexWait(ref word, 0, s_deadline), TaskCreationOptions.LongRunning))];
        int woken = 0;
        for (long start = Stopwatch.GetTimestamp(); woken < 2 && Stopwatch.GetElapsedTime(start) < s_deadline; Thread.Yield())
        {
            Assert.Equal(0, Os.FutexWake(ref word, 0));
            int now = Os.FutexWake(ref word, 1);
            Assert.InRange(now, 0, 1);
            woken += now;
        }

        Assert.Contains(sleepers, sleeper => !sleeper.IsCompleted);
        WakeOne(ref word, shared: false);
        Assert.All(sleepers, sleeper => Assert.Equal(FutexWaitResult.Woken, sleeper.Result));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.FutexWake(ref word, -1));
    }

    [Fact]
    public void Each_thread_has_a_list_of_robust_futexes_of_its_own()
    {
        nint mine = Os.GetRobustList();
        Assert.SkipWhen(mine == 0, "This C library makes it at first need.");
        Assert.Equal(mine, *(nint*)mine); // empty: its first entry is the head itself
        Assert.Equal(mine, Os.GetRobustList(Os.GetTid()));
        nint others = 0;
        Thread thread = new(() => others = Os.GetRobustList());
        thread.Start();
        thread.Join();
        Assert.NotEqual(mine, others);
        Assert.Equal(3, Assert.Throws<PosixException>(() => Os.GetRobustList(int.MaxValue)).Errno); // ESRCH
    }

    [Fact]
    public void A_word_that_is_not_aligned_is_an_error()
    {
        using SafeMappedMemoryHandle memory = Os.Mmap(null, 100, MemoryProtection.Read | MemoryProtection.Write, MapFlags.Shared | MapFlags.Anonymous);
        Assert.Equal(22, Assert.Throws<PosixException>(() => Os.FutexWait(ref memory.At<uint>(1), 0, TimeSpan.Zero)).Errno);
        Assert.Equal(22, Assert.Throws<PosixException>(() => Os.FutexWake(ref memory.At<uint>(1))).Errno);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Several_words_can_be_waited_on_at_once(bool shared)
    {
        uint* words = (uint*)NativeMemory.AlignedAlloc(3 * sizeof(uint), sizeof(uint));
        try
        {
            (words[0], words[1], words[2]) = (10, 20, 30);
            FutexWaiter[] waiters = [new(words, 10, shared), new(words + 1, 20, shared), new(words + 2, 30, shared)];
            SkipWithoutTheCall(waiters);

            long start = Stopwatch.GetTimestamp();
            Assert.Equal(FutexWaitResult.TimedOut, Os.FutexWaitV(waiters, out int index, TimeSpan.FromMilliseconds(120)));
            Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 120, 5_000);
            Assert.Equal(-1, index);

            Task<(FutexWaitResult, int)> sleeper = Task.Run(() => (Os.FutexWaitV(waiters, out int woken, s_deadline), woken));
            WakeOne(ref words[2], shared);
            Assert.Equal((FutexWaitResult.Woken, 2), sleeper.GetAwaiter().GetResult());

            words[1] = 21;
            Assert.Equal(FutexWaitResult.ValueDiffers, Os.FutexWaitV(waiters, out index));
            Assert.Equal(-1, index);
            words[1] = 20;
            Assert.Equal(FutexWaitResult.TimedOut, Os.FutexWaitV([.. Enumerable.Repeat(waiters[0], 128)], out _, TimeSpan.Zero));
        }
        finally
        {
            NativeMemory.AlignedFree(words);
        }
    }

    [Fact]
    public void Words_that_cannot_be_waited_on_are_refused()
    {
        uint word = 0;
        FutexWaiter waiter = new(&word, 0);
        Assert.Throws<ArgumentException>(() => Os.FutexWaitV([], out _));
        Assert.Throws<ArgumentException>(() => Os.FutexWaitV([.. Enumerable.Repeat(waiter, 129)], out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.FutexWaitV([waiter], out _, TimeSpan.FromMilliseconds(-2)));
        Assert.Throws<ArgumentNullException>(() => new FutexWaiter(null, 0));
    }

    private static void SkipWithoutTheCall(FutexWaiter[] waiters)
    {
        try
        {
            Os.FutexWaitV(waiters, out _, TimeSpan.Zero);
        }
        catch (PosixException missing) when (missing.Errno == 38)
        {
            Assert.Skip("The kernel has no futex_waitv (Linux 5.16).");
        }
    }

    /// <summary>Until the sleeper sleeps, there is nobody to wake.</summary>
    private static void WakeOne(ref uint word, bool shared)
    {
        for (long start = Stopwatch.GetTimestamp(); Os.FutexWake(ref word, 1, shared) == 0; Thread.Yield())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_deadline, "Nobody sleeps on the word.");
        }
    }
}
