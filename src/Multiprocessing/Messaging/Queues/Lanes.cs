namespace Multiprocessing;

/// <summary>Who has which lane, and which consumer slot.</summary>
internal static unsafe class Lanes
{
    private const int CheckedFrom = 8;

    /// <summary>Takes a lane that nobody has, the lowest, or one of a process that is dead.</summary>
    /// <remarks>
    /// To ask whether owners live costs a read of /proc each, so it is done only when the number of lanes would pass a power of two from 8 on, or the table is full: that
    /// bounds the lanes by twice the greatest number of living producers, and the cost to a look per lane taken.
    /// </remarks>
    /// <exception cref="InvalidOperationException">There are too many producers.</exception>
    internal static int Take(QueueMemory memory, ulong stamp)
    {
        int count = memory.LaneCount;
        int index = TakeFree(memory, stamp, count);
        if (index < 0 && (count == QueueLayout.MaximumLanes || (count >= CheckedFrom && (count & (count - 1)) == 0)))
        {
            index = TakeDead(memory, stamp, count);
        }

        if (index < 0)
        {
            index = TakeFree(memory, stamp, QueueLayout.MaximumLanes);
        }

        if (index < 0)
        {
            throw new InvalidOperationException($"{QueueLayout.MaximumLanes} objects of living processes put items into this queue, which is as many as it has room for. Each keeps its place until it is disposed or its process ends.");
        }

        QueueMemory.Raise(ref memory.Header->LaneCount, (uint)index + 1);
        Volatile.Write(ref memory.Lane(index)->Announcing, 0);
        return index;
    }

    /// <returns>Null when so many living processes take items that there is no slot left.</returns>
    internal static ConsumerWords* TakeConsumer(QueueMemory memory, ulong stamp)
    {
        for (int i = 0; i < QueueLayout.MaximumConsumers; i++)
        {
            ConsumerWords* slot = memory.Consumer(i);
            ulong owner = Volatile.Read(ref slot->Owner);
            if ((owner == 0 || (i >= CheckedFrom && !ProcessStamp.IsAlive(owner & ~Taking))) && Interlocked.CompareExchange(ref slot->Owner, stamp | Taking, owner) == owner)
            {
                // What the last owner has left undone is no longer held by anybody alive.
                Volatile.Write(ref slot->Claimed, Volatile.Read(ref slot->Done));
                Volatile.Write(ref slot->Owner, stamp);
                QueueMemory.Raise(ref memory.Header->ConsumerCount, (uint)i + 1);
                Interlocked.Increment(ref memory.Header->ConsumerChanges);
                return slot;
            }
        }

        throw new InvalidOperationException($"{QueueLayout.MaximumConsumers} objects of living processes take items from this queue, which is as many as it has room for. Each keeps its place until it is disposed or its process ends.");
    }

    /// <summary>Set in the owner of a slot that is being taken: it holds nothing yet.</summary>
    internal const ulong Taking = 1UL << 63;

    /// <summary>Whether a place that this process cannot have is only announced by a dead process; then it is free now.</summary>
    internal static bool ClearDeadAnnouncements(QueueMemory memory)
    {
        bool any = false;
        int lanes = memory.LaneCount;
        for (int i = 0; i < lanes; i++)
        {
            ulong announcing = Volatile.Read(ref memory.Lane(i)->Announcing);
            if (announcing != 0 && !ProcessStamp.IsAlive(announcing))
            {
                any |= Interlocked.CompareExchange(ref memory.Lane(i)->Announcing, 0, announcing) == announcing;
            }
        }

        return any;
    }

    private static int TakeFree(QueueMemory memory, ulong stamp, int below)
    {
        for (int i = 0; i < below; i++)
        {
            ref ulong owner = ref memory.Lane(i)->Owner;
            if (Volatile.Read(ref owner) == 0 && Interlocked.CompareExchange(ref owner, stamp, 0) == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private static int TakeDead(QueueMemory memory, ulong stamp, int below)
    {
        int taken = -1;
        for (int i = 0; i < below; i++)
        {
            ref ulong owner = ref memory.Lane(i)->Owner;
            ulong seen = Volatile.Read(ref owner);
            if (seen != 0 && !ProcessStamp.IsAlive(seen))
            {
                // The others become free, so that the next who comes need not ask again.
                ulong next = taken < 0 ? stamp : 0;
                if (Interlocked.CompareExchange(ref owner, next, seen) == seen && next != 0)
                {
                    taken = i;
                }
            }
        }

        return taken;
    }
}
