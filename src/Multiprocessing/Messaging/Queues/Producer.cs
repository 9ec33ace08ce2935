using System.Runtime.CompilerServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>How a Put went that did not wait.</summary>
internal enum PutResult
{
    Done,
    Full,
    Contended, // full only if all producers that were just trying succeed
    Completed,
    Withdrawn, // published, but completed at the same time: this process has taken the item itself
}

/// <summary>This process's end of a lane: docs/queue-protocol.md, "Put". All of its state is its own; what others could have written over is not read back.</summary>
/// <typeparam name="T">What a cell holds: the item, or its place among the bytes.</typeparam>
internal sealed unsafe class Producer<T>
{
    private const long FirstSegment = 64 << 10;
    private const long LaterSegment = 256 << 10;
    private const int BytesPerCell = 64; // of the ring behind the cells, at least
    private const int ItemsPerRing = 4; // that it has room for, at least
    private const long SmallestRing = 64 << 10;
    private const long LargestSegment = 1L << 44; // the kernel's addresses have 47 bits
    private const int LargeItem = 1 << 20; // which gets a segment for itself: its memory is given back as soon as it is taken
    private const int ShrinkFactor = 16;
    private const long LastPosition = 1L << 62;

    private readonly QueueMemory _memory;
    private readonly QueueSleepers _sleepers;
    private readonly Consumer<T> _consumer;
    private readonly QueueHeader* _header;
    private readonly nint _duty;
    private readonly bool _isBounded;

    private Gate _gate;
    private long _tail;
    private long _limit; // a put at a position from here on needs a look at the head, or another segment
    private byte* _cells;
    private long _mask;
    private LaneWords* _lane;
    private int _index = -1;
    private SegmentEntry _segment;
    private SafeMappedMemoryHandle? _map;
    private byte* _bytes;
    private long _written; // to the ring of bytes
    private bool _isSingle; // the segment is for one large item

    internal Producer(QueueSleepers sleepers, Consumer<T> consumer)
    {
        _sleepers = sleepers;
        _consumer = consumer;
        _memory = sleepers.Memory;
        _header = _memory.Header;
        _duty = sleepers.Duty;
        _isBounded = _memory.Capacity != long.MaxValue;
    }

    internal PutResult TryPut(T item) => TryPut(item, default);

    /// <param name="item">The item, where cells hold items.</param>
    /// <param name="bytes">Its bytes, where they do not.</param>
    internal PutResult TryPut(T item, ReadOnlySpan<byte> bytes)
    {
        if (!Gate.TryEnter(ref _gate))
        {
            EnterSlowly();
        }

        if (Volatile.Read(ref _header->Completed) != 0)
        {
            Gate.Exit(ref _gate);
            return PutResult.Completed;
        }

        if (_tail >= _limit || typeof(T) == typeof(ItemPlace))
        {
            PutResult result = Prepare(ref item, bytes);
            if (result != PutResult.Done)
            {
                return result;
            }
        }

        nint* pending = WakeDuty.Pending;
        nint before = *pending;
        *pending = _duty;
        long tail = _tail;
        Unsafe.WriteUnaligned(_cells + ((tail & _mask) * Unsafe.SizeOf<T>()), item);
        _tail = tail + 1;
        Interlocked.Exchange(ref _lane->Tail, tail + 1);
        if (_isBounded || (Volatile.Read(ref _header->NotEmpty) | Volatile.Read(ref _header->Completed)) != 0)
        {
            PutResult result = AfterPublishing(tail);
            *pending = before;
            Gate.Exit(ref _gate);
            return result;
        }

        *pending = before;
        Gate.Exit(ref _gate);
        return PutResult.Done;
    }

    /// <summary>Gives the lane to whoever wants one next. Afterwards every use throws.</summary>
    internal void Close()
    {
        if (!Gate.Enter(ref _gate))
        {
            return;
        }

        if (_lane is not null)
        {
            Volatile.Write(ref _lane->Owner, 0);
            _map?.Dispose();
        }

        Gate.Close(ref _gate);
    }

    /// <summary>In a forked child: the lane is the parent's.</summary>
    internal void ForgetInForkedChild()
    {
        Gate.Reset(ref _gate);
        _lane = null;
        _index = -1;
        _limit = 0;
        _map?.Dispose();
        _map = null;
    }

    private void EnterSlowly() => ObjectDisposedException.ThrowIf(!Gate.Enter(ref _gate), typeof(ProcessQueue<>));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private PutResult Prepare(ref T item, ReadOnlySpan<byte> bytes)
    {
        bool isPrepared = false;
        try
        {
            if (_lane is null)
            {
                TakeLane();
            }

            // Rather than announce what will not fit.
            if (_isBounded && _memory.CountWithAnnounced(out bool anyAnnounced) >= _memory.Capacity)
            {
                return anyAnnounced ? PutResult.Contended : PutResult.Full;
            }

            if (typeof(T) == typeof(ItemPlace))
            {
                MakeRoom(bytes.Length);
                Unsafe.As<T, ItemPlace>(ref item) = WriteBytes(bytes);
            }
            else if (!_isBounded || _isSingle || _tail - Math.Max(Volatile.Read(ref _lane->Head), _segment.First) >= _segment.Cells)
            {
                MakeRoom(0);
            }

            if (_isBounded)
            {
                _limit = 0; // each one is to be announced
                if (!Announce())
                {
                    _written -= bytes.Length;
                    return PutResult.Contended;
                }
            }

            isPrepared = true;
            return PutResult.Done;
        }
        finally
        {
            if (!isPrepared)
            {
                Gate.Exit(ref _gate);
            }
        }
    }

    /// <summary>Takes a place below the bound, or does not. See the protocol, "The bound".</summary>
    private bool Announce()
    {
        nint* pending = WakeDuty.Pending;
        nint before = *pending;
        *pending = _duty; // to take it back is to make room, which somebody may have to be told
        QueueSteps.Reached?.Invoke("before announcing");
        Interlocked.Exchange(ref _lane->Announcing, ProcessStamp.Own);
        QueueSteps.Reached?.Invoke("announced");
        bool fits = _memory.CountWithAnnounced(out _) <= _memory.Capacity;
        if (!fits)
        {
            Interlocked.Exchange(ref _lane->Announcing, 0);
            _sleepers.WakeOne(Awaited.Room);
        }

        *pending = before; // published soon with the duty on; nobody waits for this place
        return fits;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private PutResult AfterPublishing(long position)
    {
        QueueSteps.Reached?.Invoke("published");
        if (_isBounded)
        {
            // Who has counted the item twice may have gone to sleep for want of room.
            Interlocked.Exchange(ref _lane->Announcing, 0);
            _sleepers.WakeOne(Awaited.Room);
        }

        _sleepers.WakeOne(Awaited.Item);
        return _memory.IsCompleted && _consumer.TryWithdraw(_lane, position) ? PutResult.Withdrawn : PutResult.Done;
    }

    /// <summary>Makes room for one more item of so many bytes.</summary>
    private void MakeRoom(int length)
    {
        long head = Volatile.Read(ref _lane->Head);
        long backlog = Math.Clamp(_tail - head, 0, long.MaxValue);
        if (_segment.Number != 0 && !_isSingle)
        {
            long used = _tail - Math.Max(head, _segment.First);
            long free = _segment.Cells - used;
            bool isHardlyUsed = _segment.LengthOf(_memory.CellSizeInMemory) > 2 * LaterSegment && used < _segment.Cells / ShrinkFactor && (_tail - _segment.First >= _segment.Cells || IsRingHardlyUsed(length, head, used));
            bool hasRoom = free >= Math.Max(1, _isBounded ? 1 : _segment.Cells / 8) && (length == 0 || HasRoomFor(length, head, used));
            if (hasRoom && !isHardlyUsed)
            {
                _limit = _tail + free;
                return;
            }
        }

        // What was opened for one large item is good for the next when that is taken; no copy of it succeeds from here on.
        if (_isSingle && _map is not null && head >= _tail && length <= _segment.Bytes && length >= _segment.Bytes / ShrinkFactor)
        {
            return;
        }

        OpenSegment(backlog, length);
    }

    private bool HasRoomFor(int length, long head, long used)
    {
        long held = HeldBytes(head, used);
        return held >= 0 && held <= _segment.Bytes && length <= _segment.Bytes - held;
    }

    /// <summary>Whether the ring of bytes, which has been written from end to end, is much too large for what is there.</summary>
    private bool IsRingHardlyUsed(int length, long head, long used) =>
        _written >= _segment.Bytes && _segment.Bytes / ShrinkFactor > HeldBytes(head, used) + ((long)ItemsPerRing * length) && _segment.Bytes > LaterSegment;

    private long HeldBytes(long head, long used) => used <= 0 || _segment.Bytes == 0 ? 0 : _written - ((ItemPlace*)_cells)[Math.Max(head, _segment.First) & _mask].Position;

    private void OpenSegment(long backlog, int length)
    {
        _memory.FreeDrained(_lane);
        long waiting = _segment.Number - Volatile.Read(ref _lane->Freed);
        if (waiting >= QueueLayout.EntryCount - 1)
        {
            throw new InvalidDataException("The queue's memory is damaged: too many segments wait to be emptied.");
        }

        // A segment is a quarter of the backlog, and all of it when many wait: at this rate, the table never fills up.
        long cellSize = _memory.CellSizeInMemory;
        long space = _segment.Number == 0 ? FirstSegment : LaterSegment;
        bool hasFewEntries = waiting >= QueueLayout.EntryCount / 2;
        long share = Math.Min(hasFewEntries ? backlog : backlog / 4, LargestSegment / cellSize);
        long cells = PowerOfTwo(Math.Max(Math.Max(space / (cellSize + (_memory.CellSize == 0 ? BytesPerCell : 0)), share), 1));
        if (_isBounded)
        {
            cells = Math.Min(cells, PowerOfTwo(_memory.Capacity));
        }

        long bytes = 0;
        bool isSingle = false;
        if (typeof(T) == typeof(ItemPlace))
        {
            // Length costs nothing until it is written to.
            long perItem = Math.Max(length, Math.Clamp(_written / Math.Max(_tail - _segment.First, 1), BytesPerCell, int.MaxValue));
            bytes = PowerOfTwo(Math.Max(Math.Max(cells * BytesPerCell, SmallestRing), Math.Max((long)ItemsPerRing * length, Math.Min(share, LargestSegment / perItem) * perItem)));
            isSingle = length >= LargeItem && !hasFewEntries;
            if (isSingle)
            {
                (cells, bytes) = (1, PowerOfTwo(length));
            }
        }

        SegmentEntry segment = new() { Number = _segment.Number + 1, First = _tail, Cells = cells, Bytes = bytes };
        segment.Offset = _memory.Allocate(segment.LengthOf(cellSize));
        SafeMappedMemoryHandle map = _memory.Map(segment);
        SegmentEntry.Write(_memory.Entry(_lane, segment.Number), segment);
        Volatile.Write(ref _lane->Newest, segment.Number);
        Enter(segment, map);
        _isSingle = isSingle;
        _limit = _tail + cells;
        _memory.FreeDrained(_lane); // the one before may be drained already
    }

    private ItemPlace WriteBytes(ReadOnlySpan<byte> bytes)
    {
        ItemPlace place = new() { Position = _written, Length = bytes.Length };
        long start = _written & (_segment.Bytes - 1);
        int first = (int)Math.Min(bytes.Length, _segment.Bytes - start);
        bytes[..first].CopyTo(new Span<byte>(_bytes + start, first));
        bytes[first..].CopyTo(new Span<byte>(_bytes, bytes.Length - first));
        _written += bytes.Length;
        return place;
    }

    private void TakeLane()
    {
        _index = Lanes.Take(_memory, ProcessStamp.Own);
        LaneWords* lane = _memory.Lane(_index);
        _tail = Volatile.Read(ref lane->Tail);
        if (_tail is < 0 or > LastPosition)
        {
            throw new InvalidDataException("The queue's memory is damaged: the number of items that a process has put is impossible.");
        }

        _lane = lane;
        _segment = new SegmentEntry { Number = Volatile.Read(ref _lane->Newest) };
        _isSingle = true; // so that the first item needs another one, unless the last owner's is as it should be
        _limit = 0;
        if (_memory.TryRead(_lane, _segment.Number, out SegmentEntry left) && left.First <= _tail && (typeof(T) != typeof(ItemPlace) || left is { Cells: > 1, Bytes: > 0 }))
        {
            Enter(left, _memory.Map(left));
            ItemPlace last = typeof(T) == typeof(ItemPlace) && _tail > left.First ? ((ItemPlace*)_cells)[(_tail - 1) & _mask] : default;
            _written = Math.Max(unchecked(last.Position + last.Length), 0);
            _isSingle = false;
        }
    }

    private void Enter(in SegmentEntry segment, SafeMappedMemoryHandle map)
    {
        _map?.Dispose();
        _map = map;
        _segment = segment;
        _cells = (byte*)map.Address;
        _bytes = _cells + (segment.Cells * _memory.CellSizeInMemory);
        _mask = segment.Cells - 1;
        _written = 0;
    }

    private static long PowerOfTwo(long atLeast) => (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)atLeast);
}
