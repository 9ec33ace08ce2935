using System.Globalization;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The file of a queue, mapped into this process: its fixed part, and what is to be known of all lanes together.</summary>
internal sealed unsafe class QueueMemory
{
    private const MemoryProtection ReadWrite = MemoryProtection.Read | MemoryProtection.Write;
    private const SealFlags Seals = SealFlags.Shrink | SealFlags.Grow | SealFlags.Seal;
    private const long LongestFile = 1L << 62;
    private const long SmallestFile = QueueLayout.SegmentsOffset + (16 << 20);

    private readonly SafeMappedMemoryHandle _fixed;

    private QueueMemory(SafeDescriptorHandle file, long length)
    {
        File = file;
        Length = length;
        _fixed = Os.Mmap(file, QueueLayout.SegmentsOffset, ReadWrite, MapFlags.Shared);
        Header = (QueueHeader*)_fixed.Address;
    }

    internal SafeDescriptorHandle File { get; }

    /// <summary>The file's length, which never changes.</summary>
    internal long Length { get; }

    internal QueueHeader* Header { get; }

    /// <summary>How many items there may be at once; <see cref="long.MaxValue"/>: no bound. A copy of the header's, which others could change.</summary>
    internal long Capacity { get; private init; }

    internal int CellSize { get; private init; }

    /// <summary>How many lanes were ever used.</summary>
    internal int LaneCount => (int)Math.Min(Volatile.Read(ref Header->LaneCount), QueueLayout.MaximumLanes);

    internal int ConsumerCount => (int)Math.Min(Volatile.Read(ref Header->ConsumerCount), QueueLayout.MaximumConsumers);

    internal bool IsCompleted => Volatile.Read(ref Header->Completed) != 0;

    internal static QueueMemory Create(long capacity, int cellSize)
    {
        SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-queue", MemFdFlags.AllowSealing);
        try
        {
            long length = Os.GetLimit(Resource.FileSize).Soft is { } limit && limit < LongestFile ? (long)limit : LongestFile;
            if (length < SmallestFile)
            {
                // Not to try: SIGXFSZ would end the process.
                throw new IOException($"A queue needs a file of {SmallestFile >> 20} MiB, most of which takes no memory, but this process may only have files of {length} bytes (RLIMIT_FSIZE).");
            }

            Os.Ftruncate(file, length);
            Os.AddSeals(file, Seals);
            QueueMemory memory = new(file, length) { Capacity = capacity, CellSize = cellSize };
            *memory.Header = new QueueHeader
            {
                Magic = QueueLayout.Magic,
                CellSize = cellSize,
                Capacity = capacity,
                PidNamespace = OwnPidNamespace(),
                End = QueueLayout.SegmentsOffset,
            };
            return memory;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <exception cref="InvalidDataException">It is not the memory of a queue with such items.</exception>
    internal static QueueMemory Open(SafeDescriptorHandle file, int cellSize)
    {
        try
        {
            long length = LengthOf(file);
            if (length < QueueLayout.SegmentsOffset)
            {
                throw new InvalidDataException("The descriptor that came is not a queue's memory.");
            }

            using QueueMap probe = new(file);
            QueueHeader header = *probe.Header;
            if (header.Magic != QueueLayout.Magic || header.CellSize != cellSize || header.Capacity <= 0)
            {
                throw new InvalidDataException("The descriptor that came is not the memory of a queue with items of this type.");
            }

            if (header.PidNamespace != OwnPidNamespace())
            {
                throw new InvalidDataException("The queue was made in another PID namespace. Processes that share a queue must see each other by the same process IDs, to know when one has died; use a Connection between containers.");
            }

            return new QueueMemory(file, length) { Capacity = header.Capacity, CellSize = cellSize };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    internal void Close()
    {
        _fixed.Dispose();
        File.Dispose();
    }

    internal LaneWords* Lane(int index) => (LaneWords*)((byte*)Header + QueueLayout.LanesOffset) + index;

    internal ConsumerWords* Consumer(int index) => (ConsumerWords*)((byte*)Header + QueueLayout.ConsumersOffset) + index;

    /// <summary>Raises a count to at least so many.</summary>
    internal static void Raise(ref uint count, uint atLeast)
    {
        for (uint seen = Volatile.Read(ref count); seen < atLeast; seen = Volatile.Read(ref count))
        {
            Interlocked.CompareExchange(ref count, atLeast, seen);
        }
    }

    /// <exception cref="IOException">The file is used up.</exception>
    internal long Allocate(long length)
    {
        while (true)
        {
            long start = Volatile.Read(ref Header->End);
            if (start < QueueLayout.SegmentsOffset || start > Length || start % QueueLayout.Granularity != 0)
            {
                throw new InvalidDataException("The queue's memory is damaged: the end of what is used of it is impossible.");
            }

            if (length > Length - start)
            {
                throw new IOException("The queue's file is used up: it is as long as the process that made it may have files (RLIMIT_FSIZE), and what was once used for items is not used again. Raise the limit, or remove it, before the queue is made.");
            }

            if (Interlocked.CompareExchange(ref Header->End, start + length, start) == start)
            {
                return start;
            }
        }
    }

    internal SafeMappedMemoryHandle Map(in SegmentEntry segment) => Os.Mmap(File, segment.LengthOf(CellSizeInMemory), ReadWrite, MapFlags.Shared, segment.Offset);

    internal int CellSizeInMemory => CellSize == 0 ? sizeof(ItemPlace) : CellSize;

    internal SegmentEntry* Entry(LaneWords* lane, long number) => (SegmentEntry*)&lane->Entries + (int)((ulong)number % QueueLayout.EntryCount);

    internal bool TryRead(LaneWords* lane, long number, out SegmentEntry entry) => SegmentEntry.TryRead(Entry(lane, number), number, CellSizeInMemory, Length, out entry);

    /// <summary>Gives back the pages of a lane's drained segments. Anybody may call it, any number of times.</summary>
    internal void FreeDrained(LaneWords* lane)
    {
        for (int i = 0; i < QueueLayout.EntryCount; i++)
        {
            long freed = Volatile.Read(ref lane->Freed);
            if (freed + 1 >= Volatile.Read(ref lane->Newest)
                || !TryRead(lane, freed + 2, out SegmentEntry next)
                || Volatile.Read(ref lane->Head) < next.First
                || !TryRead(lane, freed + 1, out SegmentEntry drained))
            {
                return;
            }

            try
            {
                Os.Fallocate(File, FallocateMode.PunchHole | FallocateMode.KeepSize, drained.Offset, drained.LengthOf(CellSizeInMemory));
            }
            catch (PosixException)
            {
                return; // an item was just taken, or is about to be put: that matters more than these pages
            }

            Interlocked.CompareExchange(ref lane->Freed, freed + 1, freed);
        }
    }

    /// <summary>Gives back the pages of a segment that is not the newest, if no item of it is left. Harmless when they are given back already.</summary>
    internal void FreeIfDrained(LaneWords* lane, in SegmentEntry segment)
    {
        // An entry is written again only when its segment is drained, and so the one before it.
        if (TryRead(lane, segment.Number + 1, out SegmentEntry next) && Volatile.Read(ref lane->Head) < next.First)
        {
            return;
        }

        try
        {
            Os.Fallocate(File, FallocateMode.PunchHole | FallocateMode.KeepSize, segment.Offset, segment.LengthOf(CellSizeInMemory));
        }
        catch (PosixException)
        {
            // as in FreeDrained
        }
    }

    /// <summary>How many items are there, in flight included: never too few (see the protocol, "The bound").</summary>
    internal long CountWithAnnounced(out bool anyAnnounced)
    {
        long count = 0;
        anyAnnounced = false;
        int lanes = LaneCount;
        for (int i = 0; i < lanes; i++)
        {
            LaneWords* lane = Lane(i);
            if (Volatile.Read(ref lane->Announcing) != 0)
            {
                count++;
                anyAnnounced = true;
            }

            count += InLane(lane);
        }

        return count;
    }

    internal long Count()
    {
        long count = 0;
        int lanes = LaneCount;
        for (int i = 0; i < lanes; i++)
        {
            count += InLane(Lane(i));
        }

        return Math.Min(Math.Max(count, 0), Math.Min(Capacity, int.MaxValue));
    }

    internal bool IsEmpty()
    {
        int lanes = LaneCount;
        for (int i = 0; i < lanes; i++)
        {
            if (InLane(Lane(i)) > 0)
            {
                return false;
            }
        }

        return true;
    }

    internal long Published()
    {
        long sum = 0;
        int lanes = LaneCount;
        for (int i = 0; i < lanes; i++)
        {
            sum += Volatile.Read(ref Lane(i)->Tail);
        }

        return sum;
    }

    /// <summary>Done first, then published: 0 is true of a moment between, since neither ever shrinks.</summary>
    internal long Unfinished()
    {
        long done = Volatile.Read(ref Header->Forgiven);
        int consumers = ConsumerCount;
        for (int i = 0; i < consumers; i++)
        {
            done += Volatile.Read(ref Consumer(i)->Done);
        }

        return Published() - done;
    }

    private static long InLane(LaneWords* lane)
    {
        long tail = Volatile.Read(ref lane->Tail);
        return Math.Max(tail - Volatile.Read(ref lane->Head), 0);
    }

    private static long LengthOf(SafeDescriptorHandle file)
    {
        try
        {
            return (Os.GetSeals(file) & Seals) == Seals ? Os.Lseek(file, 0, SeekOrigin.End) : 0;
        }
        catch (PosixException exception) when (exception.Errno == Errno.EINVAL)
        {
            return 0; // no memory file
        }
    }

    private static ulong OwnPidNamespace()
    {
        int error = ProcFile.TryReadLink("/proc/self/ns/pid", out string link); // pid:[4026531836]
        return error == 0 && ulong.TryParse(link.AsSpan(link.IndexOf('[', StringComparison.Ordinal) + 1).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            ? number
            : throw new PosixException("readlink", error, "/proc/self/ns/pid");
    }

    /// <summary>A first look at the header.</summary>
    private readonly struct QueueMap(SafeDescriptorHandle file) : IDisposable
    {
        private readonly SafeMappedMemoryHandle _memory = Os.Mmap(file, sizeof(QueueHeader), ReadWrite, MapFlags.Shared);

        internal QueueHeader* Header => (QueueHeader*)_memory.Address;

        public void Dispose() => _memory.Dispose();
    }
}
