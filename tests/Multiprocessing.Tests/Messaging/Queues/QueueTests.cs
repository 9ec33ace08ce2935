using System.Diagnostics;
using System.Threading.Channels;

namespace Multiprocessing.Tests;

public sealed class QueueTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Fact]
    [Conformance(117, 118, 123)]
    public void Items_come_out_in_the_order_in_which_they_were_put_and_are_counted()
    {
        using ProcessQueue<int> queue = new();
        Assert.Equal((0, null), (queue.Count, queue.Capacity));
        for (int i = 0; i < 1000; i++)
        {
            queue.Put(i);
            Assert.Equal(i + 1, queue.Count);
        }

        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(i, queue.Get());
            Assert.Equal(999 - i, queue.Count);
        }
    }

    [Fact]
    [Conformance(118, 119, 120)]
    public void A_full_queue_takes_nothing_and_an_empty_one_gives_nothing_at_once_or_after_about_the_time()
    {
        using ProcessQueue<string> queue = new(2);
        Assert.Equal((0, 2), (queue.Count, queue.Capacity));
        Assert.False(queue.TryGet(out string? nothing));
        Assert.Null(nothing);
        Assert.True(queue.TryPut("a"));
        Assert.True(queue.TryPut("b", s_soon));
        Assert.False(queue.TryPut("c"));
        long start = Stopwatch.GetTimestamp();
        Assert.False(queue.TryPut("c", TimeSpan.FromMilliseconds(150)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 150, 5_000);
        Assert.Equal(2, queue.Count);
        Assert.Equal(("a", "b"), (queue.Get(), queue.Get()));
        start = Stopwatch.GetTimestamp();
        Assert.False(queue.TryGet(out _, TimeSpan.FromMilliseconds(150)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 150, 5_000);
    }

    [Fact]
    public void Impossible_capacities_and_times_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProcessQueue<int>(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProcessQueue<int>(-1));
        using ProcessQueue<int> queue = new(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => queue.TryPut(1, TimeSpan.FromSeconds(-2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => queue.TryGet(out _, TimeSpan.FromSeconds(-2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => queue.Join(TimeSpan.FromSeconds(-2)));
        Assert.True(queue.TryPut(1, Timeout.InfiniteTimeSpan));
        Assert.True(queue.TryGet(out int item, Timeout.InfiniteTimeSpan));
        Assert.Equal(1, item);
    }

    [Fact]
    [Conformance(124, 129)]
    public void A_disposed_queue_says_so_and_may_be_disposed_twice()
    {
        ProcessQueue<int> queue = new();
        queue.Put(1);
        queue.Dispose();
        queue.Dispose();
        Assert.Throws<ObjectDisposedException>(() => queue.Put(1));
        Assert.Throws<ObjectDisposedException>(() => queue.TryPut(1));
        Assert.Throws<ObjectDisposedException>(() => queue.Get());
        Assert.Throws<ObjectDisposedException>(() => queue.TryGet(out _));
        Assert.Throws<ObjectDisposedException>(() => queue.Count);
        Assert.Throws<ObjectDisposedException>(queue.Complete);
        Assert.Throws<ObjectDisposedException>(queue.TaskDone);
        Assert.Throws<ObjectDisposedException>(() => queue.Join());
        Assert.Throws<ObjectDisposedException>(() => ChildProcess.Start(() => queue.Put(1)));
    }

    [Fact]
    [Conformance(124)]
    public void A_complete_queue_takes_nothing_and_is_drained()
    {
        using ProcessQueue<int> queue = new();
        queue.Put(1);
        queue.Put(2);
        queue.Complete();
        queue.Complete();
        Assert.Throws<ChannelClosedException>(() => queue.Put(3));
        Assert.Throws<ChannelClosedException>(() => queue.TryPut(3));
        Assert.Equal(2, queue.Count);
        Assert.Equal(1, queue.Get());
        Assert.True(queue.TryGet(out int second));
        Assert.Equal(2, second);
        Assert.False(queue.TryGet(out _, s_soon));
        Assert.IsAssignableFrom<InvalidOperationException>(Assert.Throws<ChannelClosedException>(() => queue.Get()));
    }

    [Fact]
    public void Complete_ends_every_wait_in_every_process()
    {
        using ProcessQueue<int> queue = new();
        using ProcessQueue<int> ready = new();
        using ChildProcess child = ChildProcess.Start(() =>
        {
            ready.Put(1);
            Assert.Throws<ChannelClosedException>(() => queue.Get());
        });
        Thread[] threads = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() => Assert.Throws<ChannelClosedException>(() => queue.Get())))];
        Array.ForEach(threads, thread => thread.Start());
        ready.Get();
        queue.Complete();
        Assert.All(threads, thread => Assert.True(thread.Join(s_soon)));
        child.Join();
        Assert.Equal(0, child.ExitCode);
    }

    public static TheoryData<object?> Values => [42, "größe", 'x', 1.5m, DateTime.UtcNow, DayOfWeek.Friday, new Uri("http://example.org/"), new byte[] { 1, 2, 3 }, new Point(1, "two")];

    [Fact]
    public void Null_is_an_item()
    {
        using ProcessQueue<string?> queue = new();
        queue.Put(null);
        Assert.Null(queue.Get());
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void Every_value_that_can_cross_comes_out_as_what_it_was(object? value)
    {
        using ProcessQueue<object?> queue = new();
        queue.Put(value);
        Assert.Equal(value, queue.Get());
    }

    [Fact]
    public void Lists_of_mixed_values_come_out_equal()
    {
        using ProcessQueue<object?[]> queue = new();
        using ChildProcess child = ChildProcess.Start(() => queue.Put([42, null, "hello"]));
        Assert.Equal([42, null, "hello"], queue.Get());
        child.Join();
    }

    [Fact]
    [Conformance(125)]
    public void An_item_that_cannot_cross_is_refused_by_Put_itself_and_nothing_is_put()
    {
        using ProcessQueue<object> queue = new();
        Assert.Throws<NotSerializableException>(() => queue.Put(new MemoryStream()));
        string message = Assert.Throws<NotSerializableException>(() => queue.Put(queue)).Message;
        Assert.Contains("Connection", message);
        Assert.Equal(0, queue.Count);
        queue.Put("fine");
        Assert.Equal("fine", queue.Get());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(3_000_001)]
    [InlineData(64 << 20)]
    public void Items_of_any_size_come_out_whole_in_between_small_ones(int length)
    {
        using ProcessQueue<byte[]> queue = new();
        byte[] large = new byte[length];
        new Random(length).NextBytes(large);
        queue.Put([1]);
        queue.Put(large);
        queue.Put([2]);
        Assert.Equal([1], queue.Get());
        Assert.True(large.AsSpan().SequenceEqual(queue.Get()));
        Assert.Equal([2], queue.Get());
    }

    [Theory]
    [InlineData(3_000, 16_000)]
    [InlineData(500, 100_000)]
    [InlineData(130, 1_100_000)]
    public void A_backlog_of_items_of_any_size_is_kept(int count, int length)
    {
        using ProcessQueue<byte[]> queue = new();
        byte[] item = new byte[length];
        for (int i = 0; i < count; i++)
        {
            item[i] = 1;
            queue.Put(item);
            item[i] = 0;
        }

        for (int i = 0; i < count; i++)
        {
            byte[] taken = queue.Get();
            Assert.Equal((length, i), (taken.Length, taken.AsSpan().IndexOf((byte)1)));
        }
    }

    [Fact]
    public void Large_structures_are_items_like_others()
    {
        using ProcessQueue<Block> queue = new(3);
        Block block = default;
        ((Span<byte>)block).Fill(7);
        queue.Put(block);
        Block taken = queue.Get();
        Assert.Equal(-1, ((ReadOnlySpan<byte>)taken).IndexOfAnyExcept((byte)7));
    }

    [Fact]
    public void Threads_share_an_object_and_nothing_is_lost_or_doubled()
    {
        const int Each = 50_000;
        using ProcessQueue<long> queue = new();
        HashSet<long>[] taken = [[], [], []];
        Thread[] producers = [.. Enumerable.Range(0, 3).Select(n => new Thread(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                queue.Put(((long)n << 32) + i);
            }
        }))];
        Thread[] consumers = [.. taken.Select(mine => new Thread(() =>
        {
            while (queue.TryGet(out long item, s_soon))
            {
                Assert.True(mine.Add(item));
            }
        }))];
        foreach (Thread thread in (Thread[])[.. producers, .. consumers])
        {
            thread.Start();
        }

        Array.ForEach(producers, thread => thread.Join());
        queue.Complete();
        Array.ForEach(consumers, thread => thread.Join());
        Assert.Equal(3 * Each, taken.Sum(mine => mine.Count));
        taken[0].UnionWith(taken[1]);
        taken[0].UnionWith(taken[2]);
        Assert.Equal(3 * Each, taken[0].Count);
    }

    [Fact]
    public void A_cancelled_wait_ends_and_takes_nothing()
    {
        using ProcessQueue<int> queue = new(1);
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(50));
        Assert.Throws<OperationCanceledException>(() => queue.Get(source.Token));
        Assert.Throws<OperationCanceledException>(() => queue.Put(1, source.Token));
        queue.Put(1);
        using CancellationTokenSource other = new(TimeSpan.FromMilliseconds(50));
        Assert.Throws<OperationCanceledException>(() => queue.Put(2, other.Token));
        Assert.Equal(1, queue.Get());
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Dispose_ends_the_waits_of_other_threads()
    {
        for (int round = 0; round < 50; round++)
        {
            ProcessQueue<int> empty = new();
            ProcessQueue<int> full = new(1);
            full.Put(1);
            Exception?[] seen = new Exception?[4];
            Thread[] threads =
            [
                new(() => seen[0] = Record.Exception(() => empty.Get())),
                new(() => seen[1] = Record.Exception(() => full.Put(2))),
                new(() => seen[2] = Record.Exception(() => full.Join())),
                new(() => seen[3] = Record.Exception(() => empty.TryGet(out _, s_soon))),
            ];
            Array.ForEach(threads, thread => thread.Start());
            Thread.SpinWait(round * 5_000);
            empty.Dispose();
            full.Dispose();
            Assert.All(threads, thread => Assert.True(thread.Join(s_soon)));
            Assert.All(seen, exception => Assert.IsType<ObjectDisposedException>(exception));
        }
    }

    [Fact]
    public void Nothing_is_allocated_for_an_item_without_references()
    {
        using ProcessQueue<(int, long)> queue = new();
        Run(20_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(20_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                queue.Put((i, i));
                Assert.True(queue.TryGet(out (int, long) item));
                if (item.Item1 != i)
                {
                    Assert.Fail("another item");
                }
            }
        }
    }

    private sealed record Point(int X, string Y);

    [System.Runtime.CompilerServices.InlineArray(20_000)]
    private struct Block
    {
        private byte _first;
    }
}
