using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Whether everything that was put is done: docs/queue-protocol.md, "Complete, TaskDone, Join".</summary>
internal static unsafe class JoinAccounts
{
    /// <param name="memory">The queue's.</param>
    /// <param name="holders">Learns whose death may end the wait.</param>
    /// <returns>Whether nothing is left to be done.</returns>
    /// <exception cref="AbandonedItemsException">Items are left that nobody will mark done any more. Thrown to one caller only.</exception>
    internal static bool IsFinished(QueueMemory memory, HolderWatch holders)
    {
        if (memory.Unfinished() <= 0)
        {
            return true;
        }

        holders.WatchAll(memory);
        // The order matters: what was claimed before the look at the lanes is held by somebody, or done, at the look at the consumers.
        long published = memory.Published();
        if (!memory.IsEmpty() || IsAnyHeld(memory, holders))
        {
            return false;
        }

        long forgiven = Volatile.Read(ref memory.Header->Forgiven);
        long left = memory.Unfinished();
        if (left > 0 && memory.Published() == published && Interlocked.CompareExchange(ref memory.Header->Forgiven, forgiven + left, forgiven) == forgiven)
        {
            throw new AbandonedItemsException(left);
        }

        return left <= 0;
    }

    /// <summary>Whether the queue is complete and empty.</summary>
    internal static bool IsOver(QueueMemory memory, HolderWatch holders)
    {
        holders.WatchAll(memory); // who takes the last item may die before it tells
        return memory.IsCompleted && memory.IsEmpty();
    }

    private static bool IsAnyHeld(QueueMemory memory, HolderWatch holders)
    {
        bool isAnyHeld = false;
        int consumers = memory.ConsumerCount;
        for (int i = 0; i < consumers; i++)
        {
            ConsumerWords* slot = memory.Consumer(i);
            ulong owner = Volatile.Read(ref slot->Owner);
            bool holds = Volatile.Read(ref slot->Claimed) > Volatile.Read(ref slot->Done);
            if (holds && owner != 0 && (owner & Lanes.Taking) == 0 && ProcessStamp.IsAlive(owner))
            {
                isAnyHeld |= holders.Watch(owner);
            }
        }

        return isAnyHeld;
    }
}

/// <summary>Wakes a thread that waits for all items to be done, or taken, when a process that takes them has ended.</summary>
internal sealed class HolderWatch(QueueSleepers sleepers) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Watched> _watched = [];

    /// <summary>Watches every process that takes items: it may die with one, or between the change and the wake-up. Who comes new changes ConsumerChanges and wakes.</summary>
    internal unsafe void WatchAll(QueueMemory memory)
    {
        int consumers = memory.ConsumerCount;
        for (int i = 0; i < consumers; i++)
        {
            ulong owner = Volatile.Read(ref memory.Consumer(i)->Owner);
            if (owner != 0 && (owner & Lanes.Taking) == 0 && ProcessStamp.IsAlive(owner))
            {
                Watch(owner);
            }
        }
    }

    /// <returns>False when it has ended.</returns>
    internal bool Watch(ulong stamp)
    {
        if (stamp == ProcessStamp.Own)
        {
            return true;
        }

        lock (_gate)
        {
            if (_watched.TryGetValue(stamp, out Watched? known))
            {
                return !known.HasEnded;
            }

            SafeDescriptorHandle process;
            try
            {
                process = Os.PidFdOpen(ProcessStamp.PidOf(stamp));
            }
            catch (PosixException exception) when (exception.Errno is Errno.ESRCH or Errno.EINVAL)
            {
                return false;
            }

            if (!ProcessStamp.IsAlive(stamp)) // its number may be another's by now
            {
                process.Dispose();
                return false;
            }

            Watched watched = new(process);
            try
            {
                watched.Registration = ReadinessWatcher.OfChildren.Watch(process, () => Ended(watched));
            }
            catch
            {
                process.Dispose();
                throw;
            }

            _watched.Add(stamp, watched);
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Watched watched in _watched.Values)
            {
                watched.End();
            }

            _watched.Clear();
        }
    }

    private void Ended(Watched watched)
    {
        lock (_gate)
        {
            watched.HasEnded = true;
            watched.End();
        }

        sleepers.PokeAll();
    }

    private sealed class Watched(SafeDescriptorHandle process)
    {
        internal bool HasEnded { get; set; }

        internal ReadinessWatcher.Registration? Registration { get; set; }

        internal void End()
        {
            if (!process.IsClosed)
            {
                Registration?.Dispose();
                process.Dispose();
            }
        }
    }
}
