using System.Diagnostics;
using System.Threading.Channels;

namespace Multiprocessing.Tests;

public sealed class QueueAsyncTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_waits_need_one_thread_and_are_served_in_order()
    {
        using ProcessQueue<int> queue = new();
        int before = Process.GetCurrentProcess().Threads.Count;
        Task<int>[] waits = [.. Enumerable.Range(0, 1_000).Select(_ => queue.GetAsync(Token).AsTask())];
        Assert.InRange(Process.GetCurrentProcess().Threads.Count, 0, before + 4);
        using ChildProcess child = ChildProcess.Start(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                queue.Put(i);
            }
        });
        Assert.Equal(Enumerable.Range(0, 1_000), await Task.WhenAll(waits).WaitAsync(s_soon, Token));
        child.Join();
    }

    [Fact]
    public async Task Puts_that_wait_keep_their_order()
    {
        using ProcessQueue<string> queue = new(2);
        Task[] puts = [.. Enumerable.Range(0, 50).Select(i => queue.PutAsync($"{i}", Token).AsTask())];
        Assert.Equal(2, queue.Count);
        Assert.False(puts[2].IsCompleted);
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal($"{i}", await queue.GetAsync(Token));
        }

        await Task.WhenAll(puts).WaitAsync(s_soon, Token);
    }

    [Fact]
    public async Task A_cancelled_wait_takes_nothing_and_the_others_go_on()
    {
        using ProcessQueue<int> queue = new();
        using CancellationTokenSource source = new();
        Task<int> first = queue.GetAsync(source.Token).AsTask();
        Task<int> second = queue.GetAsync(Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        queue.Put(5);
        Assert.Equal(5, await second.WaitAsync(s_soon, Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queue.GetAsync(source.Token).AsTask());
    }

    [Fact]
    public async Task Cancelling_at_any_instant_loses_no_item()
    {
        using ProcessQueue<int> queue = new();
        int taken = 0;
        int put = 0;
        for (int round = 0; round < 500; round++)
        {
            using CancellationTokenSource source = new();
            Task<int> wait = queue.GetAsync(source.Token).AsTask();
            Task cancel = Task.Run(source.Cancel, Token);
            queue.Put(round);
            put++;
            await cancel;
            taken += await wait.ContinueWith(task => task.IsCanceled ? 0 : 1, Token, TaskContinuationOptions.None, TaskScheduler.Default);
            while (queue.TryGet(out _))
            {
                taken++;
            }
        }

        Assert.Equal(put, taken);
    }

    [Fact]
    public async Task Dispose_and_Complete_end_the_waits()
    {
        ProcessQueue<int> queue = new(1);
        queue.Put(1);
        Task put = queue.PutAsync(2, Token).AsTask();
        Task join = queue.JoinAsync(Token);
        Task completion = queue.Reader.Completion;
        queue.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => put.WaitAsync(s_soon, Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => join.WaitAsync(s_soon, Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => completion.WaitAsync(s_soon, Token));
        using ProcessQueue<int> other = new();
        Task get = other.GetAsync(Token).AsTask();
        other.Complete();
        await Assert.ThrowsAsync<ChannelClosedException>(() => get.WaitAsync(s_soon, Token));
        await Assert.ThrowsAsync<ChannelClosedException>(() => other.PutAsync(1, Token).AsTask());
    }

    [Fact]
    public async Task A_channel_of_a_disposed_queue_says_so_by_its_tasks()
    {
        ProcessQueue<int> queue = new(1);
        (ChannelReader<int> reader, ChannelWriter<int> writer) = (queue.Reader, queue.Writer);
        queue.Dispose();
        Task<bool> toRead = reader.WaitToReadAsync(Token).AsTask();
        Task<bool> toWrite = writer.WaitToWriteAsync(Token).AsTask();
        Task completion = reader.Completion;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => toRead);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => toWrite);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => completion);
    }

    [Fact]
    public async Task ReadAllAsync_ends_when_the_queue_is_complete_and_empty()
    {
        using ProcessQueue<int> queue = new();
        using ChildProcess child = ChildProcess.Start(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                queue.Put(i);
            }

            queue.Complete();
        });
        int next = 0;
        await foreach (int item in queue.ReadAllAsync(Token))
        {
            Assert.Equal(next++, item);
        }

        Assert.Equal(1_000, next);
        child.Join();
    }

    [Fact]
    public async Task Reader_and_writer_are_a_channel()
    {
        using ProcessQueue<string> queue = new(1);
        ChannelReader<string> reader = queue.Reader;
        ChannelWriter<string> writer = queue.Writer;
        Assert.True(reader.CanCount);
        Assert.False(reader.TryRead(out _));
        ValueTask<bool> toRead = reader.WaitToReadAsync(Token);
        Assert.True(await writer.WaitToWriteAsync(Token));
        Assert.True(writer.TryWrite("one"));
        Assert.True(await toRead.AsTask().WaitAsync(s_soon, Token));
        Assert.Equal(1, reader.Count);
        Assert.False(writer.TryWrite("two"));
        Task write = writer.WriteAsync("two", Token).AsTask();
        Assert.Equal("one", await reader.ReadAsync(Token));
        await write.WaitAsync(s_soon, Token);
        Assert.True(writer.TryComplete());
        Assert.False(writer.TryComplete());
        Assert.False(writer.TryWrite("three"));
        Assert.False(await writer.WaitToWriteAsync(Token));
        await Assert.ThrowsAsync<ChannelClosedException>(() => writer.WriteAsync("three", Token).AsTask());
        Assert.False(reader.Completion.IsCompleted);
        Assert.True(await reader.WaitToReadAsync(Token));
        using ChildProcess child = ChildProcess.Start(() => Assert.Equal("two", queue.Get()));
        await reader.Completion.WaitAsync(s_soon, Token);
        Assert.False(await reader.WaitToReadAsync(Token));
        await Assert.ThrowsAsync<ChannelClosedException>(() => reader.ReadAsync(Token).AsTask());
        child.Join();
    }
}
