using System.Globalization;
using System.Threading.Channels;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Processes that are killed at a certain instruction. The soak kills at random ones.</summary>
public sealed class QueueKillTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Fact]
    public void A_producer_killed_between_publication_and_wake_up_does_not_leave_the_consumer_asleep()
    {
        using ProcessQueue<int> queue = new();
        int taken = 0;
        Thread consumer = StartAsleep(() => taken = queue.Get());
        using ChildProcess child = ChildProcess.Start(() =>
        {
            DieAt("published");
            queue.Put(7);
        });
        Assert.True(child.Join(s_soon));
        Assert.Equal(-9, child.ExitCode);
        Assert.True(consumer.Join(s_soon));
        Assert.Equal(7, taken);
    }

    [Fact]
    public void A_consumer_killed_between_claim_and_wake_up_does_not_leave_the_producer_asleep()
    {
        using ProcessQueue<int> queue = new(1);
        queue.Put(1);
        Thread producer = StartAsleep(() => queue.Put(2));
        using ChildProcess child = ChildProcess.Start(() =>
        {
            DieAt("claimed");
            queue.Get();
        });
        Assert.True(child.Join(s_soon));
        Assert.Equal(-9, child.ExitCode);
        Assert.True(producer.Join(s_soon));
        Assert.Equal(2, queue.Get());
        Assert.False(queue.TryGet(out _));
    }

    [Theory]
    [InlineData("before announcing")]
    [InlineData("announced")]
    public void The_place_that_a_killed_producer_announced_is_free_again(string step)
    {
        using ProcessQueue<string> queue = new(1);
        using ChildProcess child = ChildProcess.Start(() =>
        {
            DieAt(step);
            queue.Put("never");
        });
        Assert.True(child.Join(s_soon));
        Assert.Equal(-9, child.ExitCode);
        Assert.True(queue.TryPut("mine"));
        Assert.Equal("mine", queue.Get());
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void A_sleeping_producer_goes_on_when_the_one_that_had_announced_the_last_place_is_killed()
    {
        using ProcessQueue<int> queue = new(1);
        using ProcessQueue<int> announced = new();
        using ChildProcess child = ChildProcess.Start(() =>
        {
            QueueSteps.Reached = step =>
            {
                if (step == "announced")
                {
                    QueueSteps.Reached = null;
                    announced.Put(1);
                    Thread.Sleep(Timeout.Infinite);
                }
            };
            queue.Put(1);
        });
        announced.Get();
        Assert.False(queue.TryPut(2));
        Task put = Task.Run(() => queue.Put(2), TestContext.Current.CancellationToken);
        child.Kill();
        Assert.True(put.Wait(s_soon, TestContext.Current.CancellationToken));
        Assert.Equal(2, queue.Get());
    }

    [Fact]
    [Conformance(126, 127)]
    public void Join_waits_until_every_item_is_done_and_no_more_can_be_done_than_were_put()
    {
        using ProcessQueue<int> queue = new();
        Assert.True(queue.Join(TimeSpan.Zero));
        Assert.Throws<InvalidOperationException>(queue.TaskDone);
        for (int i = 0; i < 100; i++)
        {
            queue.Put(i);
        }

        Assert.False(queue.Join(TimeSpan.FromMilliseconds(20)));
        using ProcessQueue<int> go = new();
        using ChildProcess child = ChildProcess.Start(() =>
        {
            while (queue.TryGet(out _))
            {
                queue.TaskDone();
            }

            go.Get();
        });
        Assert.True(queue.Join(s_soon));
        Assert.Equal(0, queue.Count);
        Assert.Throws<InvalidOperationException>(queue.TaskDone);
        go.Put(1);
        child.Join();
    }

    [Fact]
    public async Task Join_tells_of_the_items_of_a_consumer_that_is_killed_once_and_forgets_them()
    {
        using ProcessQueue<int> queue = new();
        using ProcessQueue<int> ready = new();
        queue.Put(1);
        queue.Put(2);
        using ChildProcess child = ChildProcess.Start(() =>
        {
            queue.Get();
            queue.Get();
            queue.TaskDone();
            ready.Put(1);
            Thread.Sleep(Timeout.Infinite);
        });
        ready.Get();
        Exception? seen = null;
        Thread joining = StartAsleep(() => seen = Record.Exception(() => queue.Join()));
        child.Kill();
        Assert.True(joining.Join(s_soon));
        Assert.Equal(1, Assert.IsType<AbandonedItemsException>(seen).Count);
        Assert.True(queue.Join(s_soon));
        queue.Put(3);
        Task again = queue.JoinAsync(TestContext.Current.CancellationToken);
        Assert.False(again.IsCompleted);
        queue.Get();
        queue.TaskDone();
        await again.WaitAsync(s_soon, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Waits_of_a_killed_process_take_no_wake_up_with_them()
    {
        using ProcessQueue<int> queue = new();
        using ProcessQueue<int> ready = new();
        int taken = 0;
        for (int round = 1; round <= 10; round++)
        {
            ChildProcess[] sleepers = [.. Enumerable.Range(0, 3).Select(_ => ChildProcess.Start(() =>
            {
                ready.Put(1);
                queue.Get();
                Thread.Sleep(Timeout.Infinite);
            }))];
            Array.ForEach(sleepers, _ => ready.Get());
            Thread mine = StartAsleep(() => taken = queue.Get());
            Array.ForEach(sleepers, sleeper => queue.Put(round)); // three wake-ups, whoever gets them
            Array.ForEach(sleepers, sleeper => sleeper.Kill());
            Array.ForEach(sleepers, sleeper => sleeper.Join());
            queue.Put(round); // one at least is for this process
            Assert.True(mine.Join(s_soon));
            Assert.Equal(round, taken);
            while (queue.TryGet(out _))
            {
            }

            Array.ForEach(sleepers, sleeper => sleeper.Dispose());
        }
    }

    [Fact]
    public void Join_that_slept_beside_items_learns_of_the_death_of_who_took_them()
    {
        using ProcessQueue<int> queue = new();
        using ProcessQueue<int> go = new();
        queue.Put(1);
        queue.Put(2);
        using ChildProcess child = ChildProcess.Start(() =>
        {
            go.Get();
            queue.Get();
            queue.TaskDone();
            queue.Get();
            Os.Kill(Os.GetPid(), Signal.Kill);
        });
        Exception? seen = null;
        Thread joining = StartAsleep(() => seen = Record.Exception(() => queue.Join()));
        go.Put(1);
        Assert.True(child.Join(s_soon));
        Assert.True(joining.Join(s_soon));
        Assert.Equal(1, Assert.IsType<AbandonedItemsException>(seen).Count);
    }

    /// <summary>The kernel wakes the one that has slept longest, who waits for something else.</summary>
    [Fact]
    public void A_wake_up_whose_sender_is_killed_reaches_who_waits_for_it_by_way_of_another_kind_of_sleeper()
    {
        using ProcessQueue<int> queue = new();
        queue.Put(1);
        queue.Get();
        Thread joining = StartAsleep(() => queue.Join());
        int taken = 0;
        Thread consumer = StartAsleep(() => taken = queue.Get());
        using ChildProcess child = ChildProcess.Start(() =>
        {
            DieAt("word cleared");
            queue.Put(7);
        });
        Assert.True(child.Join(s_soon));
        Assert.Equal(-9, child.ExitCode);
        Assert.True(consumer.Join(s_soon));
        Assert.Equal(7, taken);
        queue.TaskDone();
        queue.TaskDone();
        Assert.True(joining.Join(s_soon));
    }

    [Theory]
    [InlineData("taken of a complete queue")]
    [InlineData("word cleared")]
    public async Task Completion_ends_though_who_took_the_last_item_is_killed_before_it_tells(string step)
    {
        using ProcessQueue<int> queue = new();
        queue.Put(1);
        queue.Put(2);
        queue.Get();
        Task completion = queue.Reader.Completion;
        queue.Complete();
        Thread joining = StartAsleep(() => Record.Exception(() => queue.Join()));
        using ChildProcess child = ChildProcess.Start(() =>
        {
            QueueSteps.Reached = reached =>
            {
                if (reached == "taken of a complete queue")
                {
                    DieAt(step);
                    QueueSteps.Reached!(reached);
                }
            };
            queue.Get();
            Os.Kill(Os.GetPid(), Signal.Kill); // who waits was awake just then, by this child's coming, and has no word set that could be cleared
        });
        Assert.True(child.Join(s_soon));
        Assert.Equal(-9, child.ExitCode);
        await completion.WaitAsync(s_soon, TestContext.Current.CancellationToken);
        queue.TaskDone();
        Assert.True(joining.Join(s_soon));
    }

    [Fact]
    public void A_put_that_meets_Complete_leaves_Joins_accounts_as_they_were()
    {
        using ProcessQueue<int> queue = new(4);
        using ChildProcess child = ChildProcess.Start(() =>
        {
            queue.Put(1);
            queue.Get();
            QueueSteps.Reached = step =>
            {
                if (step == "published")
                {
                    QueueSteps.Reached = null;
                    queue.Complete();
                }
            };
            Assert.Throws<ChannelClosedException>(() => queue.Put(2));
            Assert.Equal(0, queue.Count);
            Assert.False(queue.Join(TimeSpan.FromMilliseconds(20)));
            queue.TaskDone();
            Assert.True(queue.Join(TimeSpan.Zero));
            Assert.Throws<InvalidOperationException>(queue.TaskDone);
        });
        Assert.True(child.Join(s_soon));
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public void Another_process_may_mark_an_item_done_and_what_it_takes_itself_is_still_seen_as_held()
    {
        using ProcessQueue<int> queue = new();
        queue.Put(1);
        using ChildProcess child = ChildProcess.Start(() => queue.Get());
        Assert.True(child.Join(s_soon));
        queue.TaskDone();
        Assert.True(queue.Join(TimeSpan.Zero));
        Assert.Throws<InvalidOperationException>(queue.TaskDone);
        queue.Put(2);
        queue.Get();
        Assert.False(queue.Join(TimeSpan.FromMilliseconds(20)));
        queue.TaskDone();
        Assert.True(queue.Join(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_wait_for_room_goes_on_when_the_one_that_had_announced_the_last_place_was_killed()
    {
        using ProcessQueue<int> queue = new(1);
        using ChildProcess child = ChildProcess.Start(() =>
        {
            DieAt("announced");
            queue.Put(1);
        });
        Assert.True(child.Join(s_soon));
        Assert.Equal(-9, child.ExitCode);
        Assert.True(await queue.Writer.WaitToWriteAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(s_soon, TestContext.Current.CancellationToken));
    }

    private static void DieAt(string step) => QueueSteps.Reached = reached =>
    {
        if (reached == step)
        {
            Os.Kill(Os.GetPid(), Signal.Kill);
        }
    };

    /// <summary>A thread that has gone to sleep in the kernel.</summary>
    private static Thread StartAsleep(Action wait)
    {
        int id = 0;
        Thread thread = new(() =>
        {
            Volatile.Write(ref id, Os.GetTid());
            wait();
        });
        thread.Start();
        string file() => string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{Volatile.Read(ref id)}/wchan");
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref id) != 0 && File.ReadAllText(file()).Contains("futex", StringComparison.Ordinal), s_soon));
        return thread;
    }
}
