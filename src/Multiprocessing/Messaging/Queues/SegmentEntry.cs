using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>Describes one segment of a lane, in the lane's table. Written by the lane's owner, and again only when its segment is drained.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct SegmentEntry
{
    [FieldOffset(0)]
    internal long Number;

    [FieldOffset(8)]
    internal long First; // the position of its first item

    [FieldOffset(16)]
    internal long Offset;

    [FieldOffset(24)]
    internal long Cells; // a power of two

    [FieldOffset(32)]
    internal long Bytes; // of the ring behind the cells: a power of two, or 0

    internal static unsafe void Write(SegmentEntry* entry, in SegmentEntry value)
    {
        // A reader that sees any of the new fields finds another number at its second look.
        Volatile.Write(ref entry->Number, 0);
        Interlocked.MemoryBarrier();
        entry->First = value.First;
        entry->Offset = value.Offset;
        entry->Cells = value.Cells;
        entry->Bytes = value.Bytes;
        Volatile.Write(ref entry->Number, value.Number);
    }

    /// <returns>False when the entry is of another segment, or one that the memory cannot hold: it was reused, or is damaged.</returns>
    internal static unsafe bool TryRead(SegmentEntry* entry, long number, long cellSize, long fileLength, out SegmentEntry value)
    {
        value = default;
        if (Volatile.Read(ref entry->Number) != number)
        {
            return false;
        }

        value.Number = number;
        value.First = entry->First;
        value.Offset = entry->Offset;
        value.Cells = entry->Cells;
        value.Bytes = entry->Bytes;
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref entry->Number) == number && value.IsPossible(cellSize, fileLength);
    }

    internal readonly long LengthOf(long cellSize) => RoundUp((Cells * cellSize) + Bytes);

    internal static long RoundUp(long length) => (length + QueueLayout.Granularity - 1) & -QueueLayout.Granularity;

    private readonly bool IsPossible(long cellSize, long fileLength) =>
        First >= 0 && Cells > 0 && Cells <= 1L << 40 && (Cells & (Cells - 1)) == 0
        && Bytes >= 0 && Bytes <= 1L << 48 && (Bytes & (Bytes - 1)) == 0
        && Offset >= QueueLayout.SegmentsOffset && Offset % QueueLayout.Granularity == 0 && Offset <= fileLength
        && cellSize <= (1L << 60) / Cells && LengthOf(cellSize) <= fileLength - Offset;
}
