using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

public sealed class QueueProcessTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);

    [Fact]
    [Conformance(117, 122)]
    public void What_a_child_puts_arrives_in_order_after_the_parents_own()
    {
        using ProcessQueue<int> queue = new();
        queue.Put(-1);
        using ChildProcess child = ChildProcess.Start(() => PutMany(queue, 100_000));
        Assert.Equal(-1, queue.Get());
        for (int i = 0; i < 100_000; i++)
        {
            Assert.Equal(i, queue.Get());
        }

        Join(child);
    }

    [Fact]
    [Conformance(121)]
    public void Room_made_by_another_process_lets_a_waiting_put_go_on()
    {
        using ProcessQueue<int> queue = new(3);
        using ChildProcess<int> child = ChildProcess.Start(() =>
        {
            int sum = 0;
            for (int i = 0; i < 10_000; i++)
            {
                sum += queue.Get();
            }

            return sum;
        });
        for (int i = 0; i < 10_000; i++)
        {
            queue.Put(1);
            Assert.InRange(queue.Count, 0, 3);
        }

        Assert.Equal(10_000, child.Result.WaitAsync(s_soon, TestContext.Current.CancellationToken).GetAwaiter().GetResult());
        Join(child);
    }

    [Fact]
    [Conformance(29, 30, 128)]
    public void A_queue_is_handed_on_to_a_grandchild()
    {
        using ProcessQueue<string> queue = new();
        using ChildProcess child = ChildProcess.Start(() =>
        {
            queue.Put($"{queue.Count}");
            using ChildProcess grandchild = ChildProcess.Start(() => queue.Put("grandchild"));
            grandchild.Join();
        });
        Join(child);
        Assert.Equal(["0", "grandchild"], ((string[])[queue.Get(), queue.Get()]).Order()); // two producers, so in no order
    }

    [Fact]
    public void A_child_that_has_put_much_that_nobody_takes_can_be_joined()
    {
        using ProcessQueue<byte[]> queue = new();
        using ChildProcess child = ChildProcess.Start(() =>
        {
            byte[] item = new byte[1 << 20];
            for (int i = 0; i < 50; i++)
            {
                queue.Put(item);
            }
        });
        Join(child);
        Assert.Equal(50, queue.Count);
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(1 << 20, queue.Get().Length);
        }
    }

    [Fact]
    [TimeLimit(180)]
    public void Eight_producers_and_four_consumers_in_as_many_processes_lose_and_double_nothing()
    {
        const int Each = 20_000;
        using ProcessQueue<(int Producer, int Number)> queue = new();
        using ProcessQueue<(int, int)[]> results = new();
        ChildProcess[] producers = [.. Enumerable.Range(0, 8).Select(n => ChildProcess.Start(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                queue.Put((n, i));
            }
        }))];
        ChildProcess[] consumers = [.. Enumerable.Range(0, 4).Select(_ => ChildProcess.Start(() =>
        {
            List<(int, int)> taken = [];
            while (queue.TryGet(out (int, int) item, Timeout.InfiniteTimeSpan))
            {
                taken.Add(item);
            }

            results.Put([.. taken]);
        }))];
        Array.ForEach(producers, Join);
        queue.Complete();
        HashSet<(int, int)> all = [];
        for (int i = 0; i < consumers.Length; i++)
        {
            (int Producer, int Number)[] taken = results.Get();
            Assert.All(taken, item => Assert.True(all.Add(item)));
            foreach (IGrouping<int, (int Producer, int Number)> of in taken.GroupBy(item => item.Producer))
            {
                Assert.Equal(of.Select(item => item.Number).Order(), of.Select(item => item.Number));
            }
        }

        Assert.Equal(8 * Each, all.Count);
        Array.ForEach(consumers, Join);
        Array.ForEach((ChildProcess[])[.. producers, .. consumers], child => child.Dispose());
    }

    [Fact]
    [TimeLimit(180)]
    public void The_bound_is_never_exceeded_by_several_producers()
    {
        using ProcessQueue<int> queue = new(5);
        WireWriter writer = new();
        ((ICrossing)queue).Depart(writer);
        using SafeMappedMemoryHandle memory = Os.Mmap(writer.Descriptors[0], QueueLayout.SegmentsOffset, MemoryProtection.Read, MapFlags.Shared);
        ChildProcess[] producers = [.. Enumerable.Range(0, 4).Select(_ => ChildProcess.Start(() => PutMany(queue, 3_000)))];
        long most = 0;
        for (int i = 0; i < 12_000; i++)
        {
            most = Math.Max(most, Published()); // nobody takes meanwhile, so it is not more than there are
            queue.Get();
        }

        Assert.InRange(most, 1, 5);

        // Count hides what is too much.
        long Published()
        {
            long sum = 0;
            for (int lane = 0; lane < 8; lane++)
            {
                long offset = QueueLayout.LanesOffset + (lane * LaneWords.Stride);
                sum += Volatile.Read(ref memory.At<long>(offset + 8)) - Volatile.Read(ref memory.At<long>(offset + 128));
            }

            return sum;
        }

        Array.ForEach(producers, Join);
        Assert.Equal(0, queue.Count);
        Array.ForEach(producers, child => child.Dispose());
    }

    [Fact]
    public void Memory_follows_the_backlog_in_both_directions()
    {
        using ProcessQueue<long> queue = new();
        int file = FileOf(queue);
        for (long i = 0; i < 4_000_000; i++)
        {
            queue.Put(i);
        }

        long full = Allocated(file);
        Assert.InRange(full, 32_000_000, 50_000_000);
        for (long i = 0; i < 4_000_000; i++)
        {
            Assert.Equal(i, queue.Get());
        }

        Assert.InRange(Allocated(file), 0, full / 3);
        for (long i = 0; i < 4_000_000; i++)
        {
            queue.Put(i);
            queue.Get();
        }

        Assert.InRange(Allocated(file), 0, 1_000_000);
    }

    [Fact]
    [TimeLimit(180)]
    public void The_memory_of_large_items_is_given_back_though_several_copy_the_same_one()
    {
        const int Each = 30;
        const int Length = 2 << 20;
        using ProcessQueue<byte[]> queue = new();
        int file = FileOf(queue);
        ProcessQueue<byte[]>[] consumers = [.. Enumerable.Range(0, 4).Select(_ => Another(queue))];
        for (int round = 0; round < 5; round++)
        {
            byte[] item = new byte[Length];
            for (int i = 0; i < Each; i++)
            {
                queue.Put(item);
            }

            int taken = 0;
            using Barrier start = new(consumers.Length);
            Thread[] threads = [.. consumers.Select(consumer => new Thread(() =>
            {
                start.SignalAndWait();
                while (consumer.TryGet(out _))
                {
                    Interlocked.Increment(ref taken);
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Assert.Equal(Each, taken);
        }

        Assert.InRange(Allocated(file), 0, 4 * Length); // the last segment, and what is fixed
        Array.ForEach(consumers, consumer => consumer.Dispose());
    }

    [Fact]
    public void A_limit_of_the_length_of_files_is_kept_and_told_of()
    {
        using ChildProcess child = ChildProcess.Start(() =>
        {
            Os.SetLimit(Resource.FileSize, new ResourceLimit(48 << 20, null));
            using ProcessQueue<byte[]> queue = new();
            byte[] item = new byte[2 << 20];
            for (int i = 0; i < 100; i++)
            {
                queue.Put(item); // the same part of the file each time
                queue.Get();
            }

            Assert.Throws<IOException>(() =>
            {
                for (int i = 0; i < 100; i++)
                {
                    queue.Put(item);
                }
            });
            int count = queue.Count;
            Assert.InRange(count, 2, 20);
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(item.Length, queue.Get().Length);
            }

            Os.SetLimit(Resource.FileSize, new ResourceLimit(8 << 20, null));
            Assert.Throws<IOException>(() => new ProcessQueue<int>());
        });
        Join(child);
    }

    [Fact]
    public void Idle_waiters_need_no_processor()
    {
        using ProcessQueue<int> queue = new();
        using ChildProcess<double> child = ChildProcess.Start(() =>
        {
            Thread[] waiters = [.. Enumerable.Range(0, 100).Select(_ => new Thread(() => queue.Get()))];
            Array.ForEach(waiters, waiter => waiter.Start());
            Thread.Sleep(500);
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            Thread.Sleep(3_000);
            double used = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds / 3;
            Array.ForEach(waiters, _ => queue.Put(1));
            Array.ForEach(waiters, waiter => waiter.Join());
            return used;
        });
        Assert.InRange(child.Result.GetAwaiter().GetResult(), 0, 0.01); // of a processor; the runtime's own threads are in it
        Join(child);
    }

    [Fact]
    public void Those_who_wait_for_an_item_that_is_not_done_do_not_keep_each_other_awake()
    {
        using ProcessQueue<int> queue = new();
        using ChildProcess<double> child = ChildProcess.Start(() =>
        {
            queue.Put(1);
            queue.Put(2);
            queue.Get();
            queue.Get();
            queue.Complete();
            Thread[] waiters = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() => queue.Join()))];
            Array.ForEach(waiters, waiter => waiter.Start());
            Thread.Sleep(300);
            using (ProcessQueue<int> another = Another(queue))
            {
                another.TryGet(out _); // one who takes items wakes them
            }

            Thread.Sleep(200);
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            Thread.Sleep(1_500);
            double used = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds / 1.5;
            queue.TaskDone();
            queue.TaskDone();
            Array.ForEach(waiters, waiter => waiter.Join());
            return used;
        });
        Assert.InRange(child.Result.GetAwaiter().GetResult(), 0, 0.05); // of a processor
        Join(child);
    }

    [Fact]
    public void One_put_wakes_a_sleeper_in_another_process_wherever_it_is()
    {
        using ProcessQueue<int> there = new();
        using ProcessQueue<int> back = new();
        using ChildProcess child = ChildProcess.Start(() =>
        {
            while (there.TryGet(out int item, Timeout.InfiniteTimeSpan))
            {
                back.Put(item);
            }
        });
        for (int i = 0; i < 2_000; i++)
        {
            there.Put(i);
            Assert.True(back.TryGet(out int item, s_soon));
            Assert.Equal(i, item);
        }

        there.Complete();
        Join(child);
    }

    [Fact]
    [TimeLimit(240)]
    public void Thousands_of_short_lived_objects_neither_exhaust_lanes_nor_memory()
    {
        using ProcessQueue<int> queue = new();
        int file = FileOf(queue);
        for (int i = 0; i < 60; i++)
        {
            using ChildProcess child = ChildProcess.Start(() => queue.Put(1));
            Join(child);
        }

        using (ChildProcess child = ChildProcess.Start(() => PutFromMany(queue)))
        {
            Join(child);
        }

        Assert.Equal(60 + 2_000, queue.Count);
        for (int i = 0; i < 60 + 2_000; i++)
        {
            Assert.Equal(1, queue.Get());
        }

        Assert.InRange(Allocated(file), 0, 3_000_000);
    }

    private static void PutFromMany(ProcessQueue<int> queue)
    {
        for (int i = 0; i < 2_000; i++)
        {
            using ProcessQueue<int> another = Another(queue);
            another.Put(1);
        }
    }

    /// <summary>Another object for the same queue, as another process would have it.</summary>
    private static ProcessQueue<T> Another<T>(ProcessQueue<T> queue)
    {
        WireWriter writer = new();
        ((ICrossing)queue).Depart(writer);
        ProcessQueue<T> another = (ProcessQueue<T>)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(typeof(ProcessQueue<T>));
        WireReader reader = new(writer.Written) { Descriptors = new ReceivedDescriptors([Os.Dup(writer.Descriptors[0])]) };
        ((ICrossing)another).Arrive(ref reader);
        return another;
    }

    private static void PutMany(ProcessQueue<int> queue, int count)
    {
        for (int i = 0; i < count; i++)
        {
            queue.Put(i);
        }
    }

    private static int FileOf(ICrossing queue)
    {
        WireWriter writer = new();
        queue.Depart(writer);
        return writer.Descriptors[0].Number;
    }

    private static long Allocated(int descriptor)
    {
        ProcessStartInfo start = new("stat", ["-L", "-c", "%b", $"/proc/{Environment.ProcessId}/fd/{descriptor}"]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string blocks = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return long.Parse(blocks, System.Globalization.CultureInfo.InvariantCulture) * 512;
    }

    private static void Join(ChildProcess child)
    {
        Assert.True(child.Join(s_soon));
        Assert.Equal(0, child.ExitCode);
    }
}
