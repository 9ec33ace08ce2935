using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>Where everything stands in a queue's memory: docs/queue-protocol.md, "The memory". Words that different processes write are 128 bytes apart.</summary>
internal static class QueueLayout
{
    internal const ulong Magic = 0x3130_5145_5545_5551; // "QUEUEQ01"
    internal const int MaximumLanes = 1024;
    internal const int MaximumConsumers = 1024;
    internal const long ConsumersOffset = 64 << 10;
    internal const long LanesOffset = 256 << 10;
    internal const long SegmentsOffset = 16 << 20;
    internal const long Granularity = 64 << 10; // the largest page of arm64
    internal const int EntryCount = 120;

    /// <summary>The value of a word on which somebody may sleep.</summary>
    internal const uint Sleepers = 0x8000_0000;
}

/// <summary>At the start of the memory. The first four are written once, before anybody else has the memory.</summary>
[StructLayout(LayoutKind.Explicit, Size = 1024)]
internal struct QueueHeader
{
    [FieldOffset(0)]
    internal ulong Magic;

    [FieldOffset(8)]
    internal int CellSize; // of an item kept in its cell; 0: bytes

    [FieldOffset(16)]
    internal long Capacity; // long.MaxValue: none

    [FieldOffset(24)]
    internal ulong PidNamespace;

    [FieldOffset(128)]
    internal long End; // where the next segment begins

    [FieldOffset(256)]
    internal uint NotEmpty;

    [FieldOffset(260)]
    internal uint Completed;

    [FieldOffset(384)]
    internal uint NotFull;

    [FieldOffset(512)]
    internal uint AllDone;

    [FieldOffset(516)]
    internal uint Ended;

    [FieldOffset(520)]
    internal long Forgiven;

    [FieldOffset(640)]
    internal uint Deaths; // always 0

    [FieldOffset(644)]
    internal uint HasDeathsUnseen; // not 0: a process was met whose death the kernel would not tell

    [FieldOffset(768)]
    internal uint LaneCount; // lanes ever used

    [FieldOffset(772)]
    internal uint ConsumerCount;

    [FieldOffset(776)]
    internal uint ConsumerChanges;
}

/// <summary>One producing process's part.</summary>
[StructLayout(LayoutKind.Explicit, Size = Stride)]
internal struct LaneWords
{
    internal const int Stride = 8 << 10;

    [FieldOffset(0)]
    internal ulong Owner;

    [FieldOffset(8)]
    internal long Tail;

    [FieldOffset(16)]
    internal ulong Announcing;

    [FieldOffset(24)]
    internal long Newest; // the number of the newest segment; 0: there is none yet

    [FieldOffset(128)]
    internal long Head;

    [FieldOffset(256)]
    internal long Freed; // segments up to this number are punched out

    [FieldOffset(512)]
    internal EntryTable Entries;
}

[InlineArray(QueueLayout.EntryCount)]
internal struct EntryTable
{
    private SegmentEntry _first;
}

/// <summary>What one consuming process has taken and done; it alone writes its numbers.</summary>
[StructLayout(LayoutKind.Explicit, Size = Stride)]
internal struct ConsumerWords
{
    internal const int Stride = 128;

    [FieldOffset(0)]
    internal ulong Owner;

    [FieldOffset(8)]
    internal long Claimed;

    [FieldOffset(16)]
    internal long Done;
}

/// <summary>A cell of a queue whose items are bytes: where in the segment's ring of bytes they are.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ItemPlace
{
    internal long Position; // of the first byte; counts all that was ever written to this segment
    internal long Length;
}
