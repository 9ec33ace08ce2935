using System.Buffers.Binary;
using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing.Soak;

/// <summary>
/// Producers and consumers of one queue, killed at random instants. Each writes down, in shared memory of its own, what it puts and what it has taken, so that every item can be accounted for.
/// </summary>
internal static class Queues
{
    private const int KillsPerQueue = 100;
    private const int AtOnce = 3;
    private const int LongestLife = 3_000; // microseconds
    private const int MostItems = 1_500_000; // of one process
    private const int MostOfKilled = 50_000;
    private const int Survivors = 3; // two consumers and a producer that are not killed

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    internal static int Run(int kills, int seed)
    {
        Progress progress = new("queue", kills, seed);
        Random random = new(seed);
        Totals totals = new();
        WarmUp<long>((producer, item) => Id(producer, item), id => id);
        WarmUp(Bytes, IdOf);
        for (int done = 0, number = 0; done < kills; number++)
        {
            int now = Math.Min(KillsPerQueue, kills - done);
            bool isRight = (number % 4) switch
            {
                0 => One<long>(null, now, random, totals, (producer, item) => Id(producer, item), id => id),
                1 => One<long>(16, now, random, totals, (producer, item) => Id(producer, item), id => id),
                2 => One(null, now, random, totals, Bytes, IdOf),
                _ => One(5, now, random, totals, Bytes, IdOf),
            };
            if (totals.IsChild)
            {
                return isRight ? 0 : 3;
            }

            if (!isRight)
            {
                Console.WriteLine($"queue {number} of seed {seed} went wrong");
                return 1;
            }

            done += now;
            progress.Report(done);
        }

        string[] left = [.. ProcessInfo.Current.Descriptors.Select(descriptor => descriptor.Target).Where(target => target.Contains("memfd:multiprocessing", StringComparison.Ordinal) || target.Contains("pidfd", StringComparison.Ordinal))];
        Console.WriteLine($"{totals.Killed} killed, {totals.Published} items published, {totals.TakenByDead} of them taken by the killed, {totals.Undecided} were being put by the killed, {totals.Abandoned} abandoned; {left.Length} descriptors left {string.Join(' ', left)}");
        return left.Length == 0 ? 0 : 1;
    }

    private static bool One<T>(int? capacity, int kills, Random random, Totals totals, Func<int, int, T> make, Func<T, long> idOf)
    {
        using ProcessQueue<T> queue = new(capacity);
        using Ledger ledger = new(kills + Survivors);
        Dictionary<int, int> running = []; // pid to number
        try
        {
            for (int survivor = 0; survivor < Survivors; survivor++)
            {
                int number = kills + survivor;
                bool isProducer = survivor == Survivors - 1;
                if (Fork(running, number, totals))
                {
                    return isProducer ? Produce(queue, ledger, number, make) : Consume(queue, ledger, number, idOf);
                }
            }

            int[] survivors = [.. running.Keys];

            // Beside those who wait for items and for room. In a child, because Join starts a thread here, beside which nobody can be forked.
            if (Fork(running, kills + Survivors, totals))
            {
                return Join(queue, ledger);
            }

            int joining = running.Keys.Single(pid => !survivors.Contains(pid));
            for (int started = 0, killed = 0; killed < kills;)
            {
                while (started < kills && started - killed < AtOnce)
                {
                    int number = started++;
                    bool isProducer = random.Next(2) == 0;
                    if (Fork(running, number, totals))
                    {
                        return isProducer ? Produce(queue, ledger, number, make) : Consume(queue, ledger, number, idOf);
                    }
                }

                int victim = running.First(pair => pair.Value == killed).Key;
                int life = random.Next(LongestLife);
                if (random.Next(10) != 0 && !Until(() => ledger.IsRunning(killed), "a child does not begin"))
                {
                    return false;
                }

                for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalMicroseconds < life;)
                {
                    Thread.SpinWait(5);
                }

                Os.Kill(victim, Signal.Kill);
                if (!Os.WaitPid(victim).Status.Signaled)
                {
                    Console.WriteLine($"child {killed} failed by itself");
                    return false;
                }

                running.Remove(victim);
                killed++;
                totals.Killed++;
            }

            // The consumers that are left must not sleep while there is something, nor the producer while there is room.
            int before = ledger.Confirmed(kills + Survivors - 1);
            if (!ledger.IsFull(kills + Survivors - 1) && !Until(() => ledger.Confirmed(kills + Survivors - 1) > before, "the producer that is left sleeps"))
            {
                return false;
            }

            ledger.Stop();
            int producer = survivors[^1];
            if (!Ends(producer, "the producer that is left sleeps"))
            {
                return false;
            }

            running.Remove(producer);
            if (!Until(() => queue.Count == 0, "the consumers that are left sleep"))
            {
                return false;
            }

            ledger.AllIsPut();
            bool hasJoined = Ends(joining, "Join sleeps");
            running.Remove(hasJoined ? joining : 0);
            queue.Complete();
            foreach (int survivor in survivors[..^1])
            {
                if (!Ends(survivor, "Complete does not end a wait"))
                {
                    return false;
                }

                running.Remove(survivor);
            }

            return hasJoined && ledger.IsRight(totals);
        }
        finally
        {
            if (!totals.IsChild)
            {
                foreach (int pid in running.Keys)
                {
                    Os.Kill(pid, Signal.Kill);
                    Os.WaitPid(pid);
                }
            }
        }
    }

    /// <summary>So that the children have this code compiled.</summary>
    private static void WarmUp<T>(Func<int, int, T> make, Func<T, long> idOf)
    {
        TimeSpan soon = TimeSpan.FromMilliseconds(2);
        using Ledger ledger = new(2);
        foreach (int? capacity in (int?[])[null, 3])
        {
            using ProcessQueue<T> queue = new(capacity);
            for (int round = 1; round < 700; round++)
            {
                ledger.Intend(0, round);
                queue.Put(make(0, round));
                ledger.Confirm(0, round);
                _ = queue.Count;
                queue.TryGet(out T? item, soon);
                ledger.Took(1, idOf(item!));
                queue.TaskDone();
                ledger.Did(1);
            }

            queue.TryGet(out _, soon);
            for (int i = 0; i < 4; i++)
            {
                queue.TryPut(make(0, 1), soon);
            }

            queue.Join(soon);
            queue.Complete();
        }

        using ProcessQueue<T> complete = new();
        complete.Complete();
        Consume(complete, ledger, 0, idOf);
        ledger.Stop();
        Produce(complete, ledger, 0, make);
    }

    private static bool Join<T>(ProcessQueue<T> queue, Ledger ledger)
    {
        while (true)
        {
            bool isLast = ledger.IsAllPut;
            try
            {
                if (!queue.Join() || isLast)
                {
                    return isLast;
                }

                Thread.Sleep(0);
            }
            catch (AbandonedItemsException exception)
            {
                ledger.Abandoned += exception.Count;
            }
        }
    }

    private static bool Produce<T>(ProcessQueue<T> queue, Ledger ledger, int number, Func<int, int, T> make)
    {
        int most = ledger.IsSurvivor(number) ? MostItems : MostOfKilled;
        for (int item = 1; item < most && !ledger.IsStopped; item++)
        {
            ledger.Intend(number, item);
            queue.Put(make(number, item));
            ledger.Confirm(number, item);
            if (queue.Count > 20_000)
            {
                Thread.Sleep(1); // the consumers that are left must come after
            }
        }

        while (!ledger.IsStopped)
        {
            Thread.Sleep(1);
        }

        return true; // only one that is not killed gets here
    }

    private static bool Consume<T>(ProcessQueue<T> queue, Ledger ledger, int number, Func<T, long> idOf)
    {
        ledger.Intend(number, 0);
        while (queue.TryGet(out T? item, Timeout.InfiniteTimeSpan))
        {
            ledger.Took(number, idOf(item));
            queue.TaskDone();
            ledger.Did(number);
        }

        return true;
    }

    private static bool Fork(Dictionary<int, int> running, int number, Totals totals)
    {
        int pid = Os.Fork();
        if (pid == 0)
        {
            totals.IsChild = true;
            return true;
        }

        running.Add(pid, number);
        return false;
    }

    private static bool Ends(int pid, string otherwise)
    {
        WaitStatus status = default;
        return Until(() => Os.WaitPid(pid, WaitOptions.NoHang) is { Pid: > 0 } ended && (status = ended.Status).Exited, otherwise) && status.ExitStatus == 0;
    }

    private static bool Until(Func<bool> condition, string what)
    {
        for (long start = Stopwatch.GetTimestamp(); !condition(); Thread.Sleep(0))
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                Console.WriteLine($"for {s_patience.TotalSeconds} s: {what}");
                return false;
            }
        }

        return true;
    }

    private static long Id(int producer, int item) => ((long)producer << 32) | (uint)item;

    /// <summary>The ID, and as many bytes as its number says, which tell whether they are whole.</summary>
    private static byte[] Bytes(int producer, int item)
    {
        int length = item % 500 == 0 ? 300_000 : 8 + (item % 1_000);
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill((byte)item);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Id(producer, item));
        return bytes;
    }

    private static long IdOf(byte[] bytes)
    {
        long id = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        byte[] right = Bytes((int)(id >> 32), (int)id);
        return bytes.AsSpan().SequenceEqual(right) ? id : throw new InvalidDataException($"item {id:x} is not whole");
    }

    private sealed class Totals
    {
        internal bool IsChild { get; set; }

        internal int Killed { get; set; }

        internal long Published { get; set; }

        internal long TakenByDead { get; set; }

        internal long Undecided { get; set; }

        internal long Abandoned { get; set; }
    }

    /// <summary>What each process puts and takes, as it says itself: a part of shared memory each.</summary>
    private sealed unsafe class Ledger : IDisposable
    {
        private const int HeaderWords = 8;
        private const long Stride = 8L * (HeaderWords + (4L * MostItems));

        private readonly SafeMappedMemoryHandle _memory;
        private readonly int _count;

        internal Ledger(int count)
        {
            _count = count;
            _memory = Os.Mmap(null, Stride * (count + 1), MemoryProtection.Read | MemoryProtection.Write, MapFlags.Shared | MapFlags.Anonymous | MapFlags.NoReserve);
        }

        internal long Abandoned
        {
            get => Volatile.Read(ref Words(_count)[1]);
            set => Volatile.Write(ref Words(_count)[1], value);
        }

        internal bool IsStopped => Volatile.Read(ref Words(_count)[0]) != 0;

        public void Dispose() => _memory.Dispose();

        internal void Stop() => Volatile.Write(ref Words(_count)[0], 1);

        internal bool IsAllPut => Volatile.Read(ref Words(_count)[2]) != 0;

        internal void AllIsPut() => Volatile.Write(ref Words(_count)[2], 1);

        internal bool IsRunning(int number) => Volatile.Read(ref Words(number)[0]) != 0;

        internal int Confirmed(int number) => (int)Volatile.Read(ref Words(number)[2]);

        internal bool IsSurvivor(int number) => number >= _count - Survivors;

        internal bool IsFull(int number) => Confirmed(number) == MostItems - 1;

        internal void Intend(int number, int item)
        {
            Volatile.Write(ref Words(number)[1], item);
            Volatile.Write(ref Words(number)[0], 1);
        }

        internal void Confirm(int number, int item) => Volatile.Write(ref Words(number)[2], item);

        internal void Took(int number, long id)
        {
            long* words = Words(number);
            long taken = words[3];
            if (taken >= 4L * MostItems)
            {
                throw new InvalidOperationException("The ledger is full.");
            }

            Volatile.Write(ref words[HeaderWords + taken], id);
            Volatile.Write(ref words[3], taken + 1);
        }

        internal void Did(int number)
        {
            long* words = Words(number);
            Volatile.Write(ref words[4], words[4] + 1);
        }

        /// <summary>Whether each item that was surely published was taken once, or at most one by each killed consumer; whether each consumer has seen each producer's items in order.</summary>
        internal bool IsRight(Totals totals)
        {
            long abandoned = Abandoned;
            Dictionary<int, System.Collections.BitArray> seen = [];
            int deadConsumers = 0;
            long taken = 0;
            long done = 0;
            for (int consumer = 0; consumer < _count; consumer++)
            {
                long* words = Words(consumer);
                Dictionary<int, int> last = [];
                deadConsumers += words[1] == 0 && consumer < _count - Survivors ? 1 : 0;
                taken += words[3];
                done += words[4];
                for (long i = 0; i < words[3]; i++)
                {
                    (int producer, int item) = ((int)(words[HeaderWords + i] >> 32), (int)words[HeaderWords + i]);
                    if (producer >= _count || item > Words(producer)[1] || item <= last.GetValueOrDefault(producer))
                    {
                        Console.WriteLine($"consumer {consumer} took item {item} of producer {producer}, which is out of order or was never put");
                        return false;
                    }

                    last[producer] = item;
                    if (!seen.TryGetValue(producer, out System.Collections.BitArray? items))
                    {
                        seen[producer] = items = new System.Collections.BitArray(MostItems + 1);
                    }

                    if (items[item])
                    {
                        Console.WriteLine($"item {item} of producer {producer} was delivered twice");
                        return false;
                    }

                    items[item] = true;
                }
            }

            long missing = 0;
            long undecided = 0;
            long published = 0;
            for (int producer = 0; producer < _count; producer++)
            {
                long* words = Words(producer);
                System.Collections.BitArray? items = seen.GetValueOrDefault(producer);
                for (int item = 1; item <= words[2]; item++)
                {
                    missing += items?[item] == true ? 0 : 1;
                }

                published += words[2];
                undecided += words[1] > words[2] ? 1 : 0;
            }

            totals.Published += published;
            totals.TakenByDead += missing;
            totals.Undecided += undecided;
            totals.Abandoned += abandoned;
            if (missing > deadConsumers)
            {
                Console.WriteLine($"{missing} items are lost, but only {deadConsumers} consumers were killed");
                return false;
            }

            // Each killed consumer may have claimed one that it has not written down, and marked one done that it has not written down.
            if (abandoned < taken - done - deadConsumers || abandoned > taken - done + deadConsumers)
            {
                Console.WriteLine($"{abandoned} items are said to be abandoned, but {taken} were taken and {done} done");
                return false;
            }

            return true;
        }

        private long* Words(int number) => (long*)(_memory.Address + (nint)(number * Stride));
    }
}
