using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>Status flags of an open file: what F_GETFL and F_SETFL of fcntl(2) read and set, and what pipe2(2) takes.</summary>
/// <remarks>The values are those of x64. <see cref="Direct"/> has another one on arm64; <see cref="Os"/> translates it.</remarks>
[Flags]
public enum StatusFlags
{
    /// <summary>None; O_RDONLY as an access mode.</summary>
    None = 0,

    /// <summary>O_WRONLY: opened to write only. Fixed when the file is opened.</summary>
    WriteOnly = 1,

    /// <summary>O_RDWR: opened to read and write. Fixed when the file is opened.</summary>
    ReadWrite = 2,

    /// <summary>O_APPEND: each write goes to the end.</summary>
    Append = 0x400,

    /// <summary>O_NONBLOCK: fail with EAGAIN instead of waiting.</summary>
    NonBlocking = 0x800,

    /// <summary>O_DSYNC: a write returns when the data is on the disk. Fixed when the file is opened.</summary>
    DataSync = 0x1000,

    /// <summary>O_ASYNC: a signal goes to the owner when input or output becomes possible. See <see cref="Os.SetOwner"/>.</summary>
    Async = 0x2000,

    /// <summary>O_DIRECT: for a file, past the page cache; for a pipe, each write is a packet.</summary>
    Direct = 0x4000,

    /// <summary>O_NOATIME: reading leaves the access time alone.</summary>
    NoAccessTime = 0x40000,

    /// <summary>O_PATH: only a place in the tree of files. Fixed when the file is opened.</summary>
    PathOnly = 0x200000,
}

/// <summary>The flags between our values and the system's.</summary>
internal static class StatusFlagsOfSystem
{
    private const StatusFlags SameEverywhere = StatusFlags.WriteOnly | StatusFlags.ReadWrite | StatusFlags.Append | StatusFlags.NonBlocking |
        StatusFlags.DataSync | StatusFlags.Async | StatusFlags.NoAccessTime | StatusFlags.PathOnly;

    /// <summary>O_DIRECT, one of the four flags that differ on arm64 (with O_DIRECTORY, O_NOFOLLOW and O_LARGEFILE).</summary>
    internal static readonly int O_DIRECT = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    internal static int ToSystem(StatusFlags flags) =>
        (int)(flags & ~StatusFlags.Direct) | (flags.HasFlag(StatusFlags.Direct) ? O_DIRECT : 0);

    /// <summary>Leaves out what has no name here, such as the O_LARGEFILE that the kernel adds.</summary>
    internal static StatusFlags FromSystem(int flags) =>
        ((StatusFlags)flags & SameEverywhere) | ((flags & O_DIRECT) != 0 ? StatusFlags.Direct : StatusFlags.None);
}
