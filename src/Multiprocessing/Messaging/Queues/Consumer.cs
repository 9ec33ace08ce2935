using System.Buffers;
using System.Runtime.CompilerServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>This process's side that takes items: docs/queue-protocol.md, "Get".</summary>
/// <typeparam name="T">What a cell holds: the item, or its place among the bytes.</typeparam>
internal sealed unsafe class Consumer<T>
{
    private const int MaximumAttempts = 10_000; // to find a segment, each time beaten by others
    private const int Turn = 1024; // items of one lane before the next has its turn
    private const int FewItems = 64;
    private const int LongestGathering = 64; // about two microseconds
    private const int FirstPause = 8;
    private const int LongestPause = 512;
    private const int CopyAtOnce = 64 << 10; // of a large item, before another look whether it is still there

    private readonly QueueMemory _memory;
    private readonly QueueSleepers _sleepers;
    private readonly QueueHeader* _header;
    private readonly nint _duty;
    private readonly bool _isBounded;

    private Gate _gate;
    private LaneWords* _lane; // the one that items are taken from just now
    private long _limit; // up to here its items were seen in the mapped segment
    private byte* _cells;
    private long _mask;
    private ConsumerWords* _slot;
    private int _index;
    private LaneView[] _views = [];
    private int _pause = FirstPause;
    private int _gathering = 1;

    internal Consumer(QueueSleepers sleepers)
    {
        _sleepers = sleepers;
        _memory = sleepers.Memory;
        _header = _memory.Header;
        _duty = sleepers.Duty;
        _isBounded = _memory.Capacity != long.MaxValue;
    }

    /// <summary>Takes an item if there is one.</summary>
    /// <returns>False when each lane was empty at some moment during the call; so, with one lane, there was none at that moment. Who is going to sleep has said so before: see the protocol.</returns>
    internal bool TryTake(out T item) => TryTake(out item, out _);

    /// <param name="item">The item, where cells hold items.</param>
    /// <param name="bytes">Its bytes, where they do not: rented from the shared pool.</param>
    internal bool TryTake(out T item, out byte[]? bytes)
    {
        bytes = null;
        if (!Gate.TryEnter(ref _gate))
        {
            EnterSlowly();
        }

        while (true)
        {
            long head = _limit == 0 ? 0 : Volatile.Read(ref _lane->Head);
            if ((ulong)head >= (ulong)_limit)
            {
                if (!FindLane())
                {
                    Gate.Exit(ref _gate);
                    Return(ref bytes);
                    item = default!;
                    return false;
                }

                continue;
            }

            item = Unsafe.ReadUnaligned<T>(_cells + ((head & _mask) * Unsafe.SizeOf<T>()));
            if (typeof(T) == typeof(ItemPlace) && !TryCopy(Unsafe.As<T, ItemPlace>(ref item), head, ref bytes))
            {
                continue;
            }

            // Written before the claim: a living consumer that holds an item is never overlooked.
            Volatile.Write(ref _slot->Claimed, _slot->Claimed + 1);
            bool isClaimed = _isBounded ? ClaimAndTell(head) : Interlocked.CompareExchange(ref _lane->Head, head + 1, head) == head;
            if (isClaimed)
            {
                if (Volatile.Read(ref _header->Completed) != 0)
                {
                    TellEnd();
                }

                if (head + 1 == _limit)
                {
                    EndOfBatch();
                }

                Gate.Exit(ref _gate);
                return true;
            }

            BackOff();
        }
    }

    /// <summary>Counts one item as done, whoever has taken it.</summary>
    /// <returns>False when there was none that is not.</returns>
    internal bool TryCountDone()
    {
        if (!Gate.TryEnter(ref _gate))
        {
            EnterSlowly();
        }

        try
        {
            TakeSlot();
            if (_memory.Unfinished() <= 0)
            {
                return false;
            }

            using WakeDuty.Held duty = new(_duty);
            Interlocked.Increment(ref _slot->Done);
            if (_slot->Done > _slot->Claimed)
            {
                Volatile.Write(ref _slot->Claimed, _slot->Done); // it was another's item: what is taken here from now on is to be seen as held
            }

            TellDone();
            return true;
        }
        finally
        {
            Gate.Exit(ref _gate);
        }
    }

    /// <summary>Takes back the item that this process has just put, though the queue is complete. It counts as taken and done. The caller has the duty on.</summary>
    /// <returns>False when somebody has taken it.</returns>
    internal bool TryWithdraw(LaneWords* lane, long position)
    {
        if (!Gate.TryEnter(ref _gate) && !Gate.Enter(ref _gate))
        {
            return false;
        }

        try
        {
            TakeSlot();
            Volatile.Write(ref _slot->Claimed, _slot->Claimed + 1); // so that Join never sees it in nobody's hands
            bool isWithdrawn = Interlocked.CompareExchange(ref lane->Head, position + 1, position) == position;
            if (isWithdrawn)
            {
                Interlocked.Increment(ref _slot->Done);
            }
            else
            {
                Volatile.Write(ref _slot->Claimed, _slot->Claimed - 1);
                Interlocked.MemoryBarrier();
            }

            TellDone();
            TellEnd();
            return isWithdrawn;
        }
        catch (Exception exception) when (exception is InvalidOperationException or PosixException)
        {
            return false; // there is no slot left: so many others take items, and this one, too; or /proc cannot be read
        }
        finally
        {
            Gate.Exit(ref _gate);
        }
    }

    /// <summary>Runs something that looks at the memory, which stays mapped meanwhile.</summary>
    internal TResult Look<TResult>(Func<QueueMemory, TResult> look)
    {
        if (!Gate.TryEnter(ref _gate))
        {
            EnterSlowly();
        }

        try
        {
            return look(_memory);
        }
        finally
        {
            Gate.Exit(ref _gate);
        }
    }

    /// <summary>Nothing is taken any more. Afterwards every use throws.</summary>
    internal void Close()
    {
        if (!Gate.Enter(ref _gate))
        {
            return;
        }

        if (_slot is not null)
        {
            using WakeDuty.Held duty = new(_duty);
            Volatile.Write(ref _slot->Owner, 0);
            Interlocked.Increment(ref _header->ConsumerChanges);
            _sleepers.WakeAll(Awaited.AllDone); // what was not done is abandoned now
        }

        foreach (LaneView view in _views)
        {
            view.Map?.Dispose();
        }

        Gate.Close(ref _gate);
    }

    /// <summary>In a forked child: the slot is the parent's.</summary>
    internal void ForgetInForkedChild()
    {
        Gate.Reset(ref _gate);
        _slot = null;
        _limit = 0;
    }

    private void EnterSlowly() => ObjectDisposedException.ThrowIf(!Gate.Enter(ref _gate), typeof(ProcessQueue<>));

    /// <summary>A claim that who waits for room has to be told of.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool ClaimAndTell(long head)
    {
        nint* pending = WakeDuty.Pending;
        nint before = *pending;
        *pending = _duty;
        bool isClaimed = Interlocked.CompareExchange(ref _lane->Head, head + 1, head) == head;
        if (isClaimed)
        {
            QueueSteps.Reached?.Invoke("claimed");
            _sleepers.WakeOne(Awaited.Room);
        }

        *pending = before;
        return isClaimed;
    }

    /// <summary>After a claim in a complete queue. Should the process be killed before it, those who wait for the end learn that from the kernel.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TellEnd()
    {
        QueueSteps.Reached?.Invoke("taken of a complete queue");
        using WakeDuty.Held duty = new(_duty);
        if (_memory.IsCompleted && _memory.IsEmpty())
        {
            _sleepers.WakeAll(Awaited.End);
        }
    }

    /// <summary>After a change of what is done or held here, and a full fence, with the duty on.</summary>
    private void TellDone()
    {
        // When this process holds no more and nothing is left to be taken, what is not done may be abandoned.
        if (_sleepers.IsSet(Awaited.AllDone) && ((_slot->Done >= _slot->Claimed && _memory.IsEmpty()) || _memory.Unfinished() <= 0))
        {
            _sleepers.WakeAll(Awaited.AllDone);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void BackOff()
    {
        Volatile.Write(ref _slot->Claimed, _slot->Claimed - 1);
        Interlocked.MemoryBarrier();
        if (_sleepers.IsSet(Awaited.AllDone))
        {
            using WakeDuty.Held duty = new(_duty);
            TellDone(); // they may have taken the number for an item in work
        }

        FreeAgain();
        Thread.SpinWait(_pause); // so that the winner's next claims meet nobody
        _pause = Math.Min(_pause * 2, LongestPause);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndOfBatch()
    {
        _pause = FirstPause;
        ref LaneView view = ref _views[_index];
        if (_limit == view.End || Volatile.Read(ref _lane->Newest) != view.Segment.Number)
        {
            _memory.FreeDrained(_lane);
        }
    }

    /// <summary>After a copy of what others have taken meanwhile: the look may have brought pages back to a segment that was punched out already.</summary>
    private void FreeAgain()
    {
        ref LaneView view = ref _views[_index];
        if (Volatile.Read(ref _lane->Newest) > view.Segment.Number)
        {
            _memory.FreeIfDrained(_lane, view.Segment);
        }
    }

    /// <summary>Finds a lane that has items, the next ones first.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool FindLane()
    {
        bool isDone = false;
        try
        {
            TakeSlot();
            int lanes = _memory.LaneCount;
            if (_views.Length < lanes)
            {
                Array.Resize(ref _views, Math.Max(lanes, Math.Min(_views.Length * 2, QueueLayout.MaximumLanes)));
            }

            for (int i = 1; i <= lanes; i++)
            {
                int index = (_index + i) % lanes;
                if (TryOpen(index, lanes))
                {
                    isDone = true;
                    return true;
                }
            }

            _limit = 0;
            isDone = true;
            return false;
        }
        finally
        {
            if (!isDone)
            {
                _limit = 0;
                Gate.Exit(ref _gate);
            }
        }
    }

    private bool TryOpen(int index, int lanes)
    {
        LaneWords* lane = _memory.Lane(index);
        ref LaneView view = ref _views[index];
        for (int attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            long head = Volatile.Read(ref lane->Head);
            long tail = Volatile.Read(ref lane->Tail);
            if (head >= tail)
            {
                return false;
            }

            if (head < 0)
            {
                break;
            }

            if (tail - head < FewItems)
            {
                tail = LetGather(lane, tail);
            }

            if (TryLocate(lane, ref view, head))
            {
                _lane = lane;
                _index = index;
                _cells = (byte*)view.Map!.Address;
                _mask = view.Segment.Cells - 1;
                _limit = Math.Min(Math.Min(tail, view.End), lanes == 1 ? long.MaxValue : Math.Min(head, long.MaxValue - Turn) + Turn);
                return true;
            }

            // Somebody has taken what was there, and the entry is in use again; or it is damaged, and stays so.
            if (head == Volatile.Read(ref lane->Head) && attempt > MaximumAttempts / 2)
            {
                break;
            }
        }

        throw new InvalidDataException("The queue's memory is damaged: a lane has items but no segment.");
    }

    /// <summary>
    /// A consumer that is as fast as its producer meets it at each item, and each meeting costs both a cache miss. Where items come quickly, a short pause lets some gather; where they
    /// do not, it shrinks to nothing much.
    /// </summary>
    /// <returns>The tail after it.</returns>
    private long LetGather(LaneWords* lane, long tail)
    {
        Thread.SpinWait(_gathering);
        long now = Volatile.Read(ref lane->Tail);
        _gathering = now - tail >= 2 ? Math.Min(_gathering * 2, LongestGathering) : Math.Max(_gathering / 2, 1);
        return Math.Max(now, tail);
    }

    /// <summary>Maps the segment that has a position.</summary>
    private bool TryLocate(LaneWords* lane, ref LaneView view, long head)
    {
        long newest = Volatile.Read(ref lane->Newest);
        SegmentEntry found = default;
        long end = long.MaxValue;
        for (long number = newest; number > 0 && number > newest - QueueLayout.EntryCount; number--)
        {
            if (!_memory.TryRead(lane, number, out found))
            {
                return false;
            }

            if (found.First <= head)
            {
                break;
            }

            end = found.First;
            found = default;
        }

        if (found.Number == 0)
        {
            return false;
        }

        view.End = end;
        if (view.Map is null || view.Segment.Number != found.Number || view.Segment.Offset != found.Offset || view.Segment.LengthOf(_memory.CellSizeInMemory) != found.LengthOf(_memory.CellSizeInMemory))
        {
            view.Map?.Dispose();
            view.Map = null;
            view.Map = _memory.Map(found);
        }

        view.Segment = found;
        return true;
    }

    /// <summary>Copies an item's bytes out.</summary>
    /// <returns>False when they were overwritten meanwhile.</returns>
    private bool TryCopy(in ItemPlace place, long head, ref byte[]? bytes)
    {
        bool isDone = false;
        try
        {
            ref LaneView view = ref _views[_index];
            long capacity = view.Segment.Bytes;
            if (place.Length < 0 || place.Length > capacity || place.Length > Array.MaxLength - sizeof(int))
            {
                if (Volatile.Read(ref _lane->Head) == head)
                {
                    throw new InvalidDataException("The queue's memory is damaged: an item is longer than its segment.");
                }

                isDone = true;
                FreeAgain();
                return false;
            }

            int length = (int)place.Length;
            if (bytes is null || bytes.Length < length + sizeof(int))
            {
                Return(ref bytes);
                bytes = ArrayPool<byte>.Shared.Rent(length + sizeof(int));
            }

            byte* ring = _cells + (view.Segment.Cells * sizeof(ItemPlace));
            long start = place.Position & (capacity - 1);
            for (int copied = 0; copied < length;)
            {
                // Another consumer may have been faster; then the rest is in vain.
                if (copied > 0 && Volatile.Read(ref _lane->Head) != head)
                {
                    isDone = true;
                    FreeAgain();
                    return false;
                }

                long from = (start + copied) & (capacity - 1);
                int count = (int)Math.Min(Math.Min(length - copied, CopyAtOnce), capacity - from);
                new Span<byte>(ring + from, count).CopyTo(bytes.AsSpan(copied));
                copied += count;
            }

            isDone = true;
            return true;
        }
        finally
        {
            if (!isDone)
            {
                Return(ref bytes);
                Gate.Exit(ref _gate);
            }
        }
    }

    private void TakeSlot()
    {
        if (_slot is null)
        {
            using WakeDuty.Held duty = new(_duty);
            _slot = Lanes.TakeConsumer(_memory, ProcessStamp.Own);
            _sleepers.WakeAll(Awaited.AllDone); // they have to watch one more
            _sleepers.WakeAll(Awaited.End);
        }
    }

    private static void Return(ref byte[]? bytes)
    {
        if (bytes is not null)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            bytes = null;
        }
    }

    /// <summary>A lane as this process sees it.</summary>
    private struct LaneView
    {
        internal SegmentEntry Segment;
        internal long End; // where the next segment begins, when last looked
        internal SafeMappedMemoryHandle? Map;
    }
}
