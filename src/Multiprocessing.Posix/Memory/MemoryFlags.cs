namespace Multiprocessing.Posix;

/// <summary>What may be done with memory, with the system's values. See mmap(2).</summary>
[Flags]
public enum MemoryProtection
{
    /// <summary>PROT_NONE: nothing.</summary>
    None = 0,

    /// <summary>PROT_READ: read it.</summary>
    Read = 1,

    /// <summary>PROT_WRITE: write it.</summary>
    Write = 2,

    /// <summary>PROT_EXEC: run what is in it.</summary>
    Execute = 4,
}

/// <summary>Flags of mmap(2), with the system's values.</summary>
[Flags]
public enum MapFlags
{
    /// <summary>No flag; the call itself refuses it.</summary>
    None = 0,

    /// <summary>MAP_SHARED: changes go to the file, and are seen by all who map it, children made by fork included.</summary>
    Shared = 1,

    /// <summary>MAP_PRIVATE: changes stay in this process.</summary>
    Private = 2,

    /// <summary>MAP_ANONYMOUS: fresh memory, all 0, without a file.</summary>
    Anonymous = 0x20,

    /// <summary>MAP_LOCKED: keep it in memory. See mlock(2).</summary>
    Locked = 0x2000,

    /// <summary>MAP_NORESERVE: set no swap space aside.</summary>
    NoReserve = 0x4000,

    /// <summary>MAP_POPULATE: fault the pages in at once.</summary>
    Populate = 0x8000,
}

/// <summary>Flags of msync(2), with the system's values.</summary>
[Flags]
public enum MsyncFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>MS_ASYNC: do not wait; Linux writes it back in its own time anyway.</summary>
    NoWait = 1,

    /// <summary>MS_INVALIDATE: other mappings of the file see it, too; on Linux they always do.</summary>
    Invalidate = 2,

    /// <summary>MS_SYNC: return when it is written.</summary>
    Wait = 4,
}

/// <summary>Advice of madvise(2), with the system's values.</summary>
public enum MemoryAdvice
{
    /// <summary>MADV_NORMAL: nothing special.</summary>
    Normal = 0,

    /// <summary>MADV_RANDOM: in no order; reading ahead is no use.</summary>
    Random = 1,

    /// <summary>MADV_SEQUENTIAL: once, in order.</summary>
    Sequential = 2,

    /// <summary>MADV_WILLNEED: soon; read ahead.</summary>
    WillNeed = 3,

    /// <summary>MADV_DONTNEED: let the pages go; they are read from the file again, or are 0.</summary>
    DontNeed = 4,

    /// <summary>MADV_FREE: the system may let the pages go when it needs them.</summary>
    Free = 8,

    /// <summary>MADV_REMOVE: let the pages go, and punch them out of the file.</summary>
    Remove = 9,

    /// <summary>MADV_DONTFORK: a fork's child does not get it.</summary>
    DontFork = 10,

    /// <summary>MADV_DOFORK: a fork's child gets it.</summary>
    DoFork = 11,

    /// <summary>MADV_HUGEPAGE: use huge pages where it fits.</summary>
    HugePage = 14,

    /// <summary>MADV_NOHUGEPAGE: use none.</summary>
    NoHugePage = 15,

    /// <summary>MADV_DONTDUMP: leave it out of core dumps.</summary>
    DontDump = 16,

    /// <summary>MADV_DODUMP: have it in core dumps.</summary>
    DoDump = 17,

    /// <summary>MADV_WIPEONFORK: a fork's child finds it all 0.</summary>
    WipeOnFork = 18,

    /// <summary>MADV_KEEPONFORK: a fork's child finds it as it is.</summary>
    KeepOnFork = 19,

    /// <summary>MADV_COLD: not soon; take these pages first when memory runs low. Linux 5.4.</summary>
    Cold = 20,

    /// <summary>MADV_PAGEOUT: not soon; take these pages now. Linux 5.4.</summary>
    PageOut = 21,

    /// <summary>MADV_POPULATE_READ: fault the pages in, to read. Linux 5.14.</summary>
    PopulateRead = 22,

    /// <summary>MADV_POPULATE_WRITE: fault the pages in, to write. Linux 5.14.</summary>
    PopulateWrite = 23,
}

/// <summary>Modes of fallocate(2), with the system's values.</summary>
[Flags]
public enum FallocateMode
{
    /// <summary>Give the part its space, and make the file longer if need be.</summary>
    None = 0,

    /// <summary>FALLOC_FL_KEEP_SIZE: leave the file's length as it is.</summary>
    KeepSize = 1,

    /// <summary>FALLOC_FL_PUNCH_HOLE: take the part's space away; it reads as 0.</summary>
    PunchHole = 2,

    /// <summary>FALLOC_FL_COLLAPSE_RANGE: take the part out; what follows moves up.</summary>
    CollapseRange = 8,

    /// <summary>FALLOC_FL_ZERO_RANGE: make the part 0.</summary>
    ZeroRange = 0x10,

    /// <summary>FALLOC_FL_INSERT_RANGE: insert a hole; what follows moves down.</summary>
    InsertRange = 0x20,
}
