using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>A process that has the queue writes whatever it likes into the memory.</summary>
public sealed class QueueDamageTests
{
    private const int FixedPart = 16 << 20;

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [TimeLimit(120)]
    public void Damaged_memory_gives_exceptions_at_most(int seed, bool isBounded)
    {
        using ProcessQueue<int> inline = new(isBounded ? 4 : null);
        using ProcessQueue<string> bytes = new(isBounded ? 4 : null);
        using ProcessQueue<int> ready = new();
        using ChildProcess<int> victim = ChildProcess.Start(() =>
        {
            int failures = 0;
            ready.Put(1);
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(3);)
            {
                failures += Use(inline, 1) + Use(bytes, "some text of a few bytes");
            }

            inline.Dispose();
            bytes.Dispose();
            return failures;
        });
        ready.Get();
        Random random = new(seed);
        using SafeMappedMemoryHandle first = Map(inline);
        using SafeMappedMemoryHandle second = Map(bytes);
        while (victim.IsAlive)
        {
            Scribble(first, random);
            Scribble(second, random);
        }

        victim.Join();
        Assert.Equal(0, victim.ExitCode);
    }

    [Fact]
    public void What_is_not_a_queues_memory_is_refused()
    {
        SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Os.Ftruncate(file, FixedPart);
        ProcessQueue<int> queue = (ProcessQueue<int>)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(typeof(ProcessQueue<int>));
        Assert.Throws<InvalidDataException>(() =>
        {
            WireReader reader = new([0]) { Descriptors = new ReceivedDescriptors([file]) };
            ((ICrossing)queue).Arrive(ref reader);
        });
        Assert.True(file.IsClosed);
    }

    [Fact]
    public void A_queue_of_other_items_is_refused()
    {
        using ProcessQueue<int> ints = new();
        WireWriter writer = new();
        ((ICrossing)ints).Depart(writer);
        SafeDescriptorHandle copy = Os.Dup(writer.Descriptors[0]);
        ProcessQueue<long> longs = (ProcessQueue<long>)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(typeof(ProcessQueue<long>));
        Assert.Throws<InvalidDataException>(() =>
        {
            WireReader reader = new(writer.Written) { Descriptors = new ReceivedDescriptors([copy]) };
            ((ICrossing)longs).Arrive(ref reader);
        });
    }

    [Fact]
    [TimeLimit(60)]
    public void Positions_below_0_give_an_exception()
    {
        using ProcessQueue<int> queue = new();
        queue.Put(1);
        using SafeMappedMemoryHandle memory = Map(queue);
        memory.At<long>(QueueLayout.LanesOffset + 128) = -5; // head
        memory.At<long>(QueueLayout.LanesOffset + 512 + 64 + 8) = -10; // where the lane's first segment begins
        Assert.Throws<InvalidDataException>(() => queue.TryGet(out _));
    }

    private static int Use<T>(ProcessQueue<T> queue, T item)
    {
        int failures = 0;
        failures += Try(() => queue.TryPut(item, TimeSpan.FromMilliseconds(1)));
        failures += Try(() => queue.TryPut(item));
        failures += Try(() => queue.TryGet(out _, TimeSpan.FromMilliseconds(1)));
        failures += Try(() => queue.TryGet(out _));
        failures += Try(() => Assert.InRange(queue.Count, 0, queue.Capacity ?? int.MaxValue));
        failures += Try(queue.TaskDone);
        failures += Try(() => queue.Join(TimeSpan.FromMilliseconds(1)));
        return failures;
    }

    private static int Try(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            return 1;
        }
    }

    private static SafeMappedMemoryHandle Map(ICrossing queue)
    {
        WireWriter writer = new();
        queue.Depart(writer);
        return Os.Mmap(writer.Descriptors[0], FixedPart + (1 << 20), MemoryProtection.Read | MemoryProtection.Write, MapFlags.Shared);
    }

    /// <summary>Random numbers, and numbers that are nearly right, where the header, the first lanes, slots and segments are.</summary>
    private static void Scribble(SafeMappedMemoryHandle memory, Random random)
    {
        long offset = random.Next(5) switch
        {
            0 => random.Next(128, 1024),
            1 => QueueLayout.ConsumersOffset + random.Next(256),
            2 => QueueLayout.LanesOffset + random.Next(512),
            3 => QueueLayout.LanesOffset + 512 + random.Next(64 * 4),
            _ => FixedPart + random.Next(1 << 17),
        } & -8;
        ref long word = ref memory.At<long>(offset);
        long value = random.Next(4) switch
        {
            0 => random.NextInt64(long.MinValue, long.MaxValue),
            1 => random.Next(-3, 100),
            2 => Volatile.Read(ref word) + random.Next(-5, 5),
            _ => 1L << random.Next(64),
        };
        Volatile.Write(ref word, value);
        if (random.Next(50) == 0)
        {
            Thread.Sleep(0);
        }
    }
}
