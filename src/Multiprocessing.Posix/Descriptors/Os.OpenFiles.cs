using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    // Not among FcntlCommand: their argument is an address.
    private const int F_SETOWN_EX = 15;
    private const int F_GETOWN_EX = 16;
    private const int F_OFD_SETLK = 37;
    private const int F_OFD_SETLKW = 38;

    /// <summary>The status flags of an open file. See F_GETFL in fcntl(2).</summary>
    /// <param name="descriptor">A descriptor of the file.</param>
    /// <returns>The flags that have a name here, the access mode included.</returns>
    /// <exception cref="PosixException">EBADF: it is not open.</exception>
    public static StatusFlags GetStatusFlags(SafeDescriptorHandle descriptor) =>
        StatusFlagsOfSystem.FromSystem(Fcntl(descriptor, FcntlCommand.GetStatusFlags));

    /// <summary>Sets the status flags of an open file. See F_SETFL in fcntl(2).</summary>
    /// <param name="descriptor">A descriptor of the file. Every duplicate of it, in whatever process, sees the change.</param>
    /// <param name="flags">Append, NonBlocking, Async, Direct and NoAccessTime, set or not; the system ignores the others.</param>
    /// <exception cref="PosixException">EBADF: it is not open; EINVAL: the file cannot do that; EPERM.</exception>
    public static void SetStatusFlags(SafeDescriptorHandle descriptor, StatusFlags flags) =>
        Fcntl(descriptor, FcntlCommand.SetStatusFlags, StatusFlagsOfSystem.ToSystem(flags));

    /// <summary>Who gets the signals of an open file that has <see cref="StatusFlags.Async"/>. See F_GETOWN_EX in fcntl(2).</summary>
    /// <param name="descriptor">A descriptor of the file.</param>
    /// <returns>The owner; ID 0 when there is none.</returns>
    /// <exception cref="PosixException">EBADF: it is not open.</exception>
    public static DescriptorOwner GetOwner(SafeDescriptorHandle descriptor)
    {
        DescriptorOwner owner;
        Check("fcntl", Libc.fcntl(descriptor, F_GETOWN_EX, (nint)(&owner)));
        return owner;
    }

    /// <summary>Sets who gets the signals of an open file that has <see cref="StatusFlags.Async"/>. See F_SETOWN_EX in fcntl(2).</summary>
    /// <param name="descriptor">A descriptor of the file. The owner belongs to the open file, so every duplicate shares it.</param>
    /// <param name="owner">The owner; ID 0: nobody.</param>
    /// <exception cref="PosixException">EBADF: it is not open; EINVAL, ESRCH: there is no such process, group or thread.</exception>
    public static void SetOwner(SafeDescriptorHandle descriptor, DescriptorOwner owner) =>
        Check("fcntl", Libc.fcntl(descriptor, F_SETOWN_EX, (nint)(&owner)));

    /// <summary>Which signal the owner gets. See F_GETSIG in fcntl(2).</summary>
    /// <param name="descriptor">A descriptor of the file.</param>
    /// <returns>The signal; null: SIGIO, without particulars.</returns>
    /// <exception cref="PosixException">EBADF: it is not open.</exception>
    public static Signal? GetSignal(SafeDescriptorHandle descriptor)
    {
        int number = Fcntl(descriptor, FcntlCommand.GetSignal);
        return number == 0 ? null : new Signal(number);
    }

    /// <summary>Sets which signal the owner gets. See F_SETSIG in fcntl(2).</summary>
    /// <param name="descriptor">A descriptor of the file. The signal belongs to the open file, so every duplicate shares it.</param>
    /// <param name="signal">The signal; null: SIGIO, without particulars.</param>
    /// <exception cref="PosixException">EBADF: it is not open; EINVAL: there is no such signal.</exception>
    public static void SetSignal(SafeDescriptorHandle descriptor, Signal? signal) => Fcntl(descriptor, FcntlCommand.SetSignal, signal?.Number ?? 0);

    /// <summary>How much a pipe holds. See F_GETPIPE_SZ in fcntl(2).</summary>
    /// <param name="pipe">One of its ends.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="PosixException">EBADF: it is not open, or no pipe.</exception>
    public static int GetPipeSize(SafeDescriptorHandle pipe) => Fcntl(pipe, FcntlCommand.GetPipeSize);

    /// <summary>Sets how much a pipe holds. See F_SETPIPE_SZ in fcntl(2).</summary>
    /// <param name="pipe">One of its ends.</param>
    /// <param name="bytes">At least this many; the system rounds up to a power of two pages.</param>
    /// <returns>Bytes, as set.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is negative.</exception>
    /// <exception cref="PosixException">EBADF: it is not open, or no pipe; EBUSY: more than that is in it; EPERM: more than /proc/sys/fs/pipe-max-size.</exception>
    public static int SetPipeSize(SafeDescriptorHandle pipe, int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return Fcntl(pipe, FcntlCommand.SetPipeSize, bytes);
    }

    /// <summary>The seals of a memory file. See F_GET_SEALS in fcntl(2).</summary>
    /// <param name="file">The file.</param>
    /// <returns>What may not be done to it any more.</returns>
    /// <exception cref="PosixException">EBADF: it is not open; EINVAL: it is no memory file.</exception>
    public static SealFlags GetSeals(SafeDescriptorHandle file) => (SealFlags)Fcntl(file, FcntlCommand.GetSeals);

    /// <summary>Seals a memory file, for ever and for every process. See F_ADD_SEALS in fcntl(2).</summary>
    /// <param name="file">A file of <see cref="MemFdCreate"/> with <see cref="MemFdFlags.AllowSealing"/>.</param>
    /// <param name="seals">What may not be done to it any more.</param>
    /// <exception cref="PosixException">
    /// EBADF: it is not open; EPERM: it is sealed against sealing, or opened to read only; EBUSY: sealing against writes while it is mapped to be written; EINVAL: it is no memory file.
    /// </exception>
    public static void AddSeals(SafeDescriptorHandle file, SealFlags seals) => Fcntl(file, FcntlCommand.AddSeals, (int)seals);

    /// <summary>Locks a part of a file for this open file, or lets it go. See "Open file description locks" in fcntl(2).</summary>
    /// <param name="file">The file. Its duplicates hold the lock together; it goes when the last of them, in whatever process, is closed.</param>
    /// <param name="kind">What the lock keeps others from, or that it is let go.</param>
    /// <param name="start">Where the part begins, in bytes from the beginning.</param>
    /// <param name="length">How long it is; 0: to the end, wherever that comes to be.</param>
    /// <param name="wait">Whether to wait while others hold a lock that conflicts; a wait that a signal interrupts goes on.</param>
    /// <returns>False when others hold one, and there was no waiting.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The start or the length is negative.</exception>
    /// <exception cref="PosixException">EBADF: it is not open, or not for what the lock is for; ENOLCK.</exception>
    public static bool LockFile(SafeDescriptorHandle file, FileLock kind, long start = 0, long length = 0, bool wait = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        FileLockRequest request = new() { Kind = (short)kind, Start = start, Length = length };
        while (Libc.fcntl(file, wait ? F_OFD_SETLKW : F_OFD_SETLK, (nint)(&request)) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno is Errno.EAGAIN or Errno.EACCES)
            {
                return false;
            }

            if (errno != Errno.EINTR)
            {
                throw PosixException.For("fcntl", errno);
            }
        }

        return true;
    }
}

/// <summary>Who gets the signals of an open file: struct f_owner_ex.</summary>
/// <param name="Type">What the ID names.</param>
/// <param name="Id">The ID; 0: nobody.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct DescriptorOwner(OwnerType Type, int Id);

/// <summary>What the ID of a <see cref="DescriptorOwner"/> names, with the system's values.</summary>
public enum OwnerType
{
    /// <summary>F_OWNER_TID: a thread.</summary>
    Thread = 0,

    /// <summary>F_OWNER_PID: a process.</summary>
    Process = 1,

    /// <summary>F_OWNER_PGRP: a process group.</summary>
    ProcessGroup = 2,
}

/// <summary>What may not be done to a memory file any more, with the system's values. See F_ADD_SEALS in fcntl(2).</summary>
[Flags]
public enum SealFlags
{
    /// <summary>Everything may be done.</summary>
    None = 0,

    /// <summary>F_SEAL_SEAL: no further seals.</summary>
    Seal = 1,

    /// <summary>F_SEAL_SHRINK: not become shorter.</summary>
    Shrink = 2,

    /// <summary>F_SEAL_GROW: not become longer.</summary>
    Grow = 4,

    /// <summary>F_SEAL_WRITE: not be written.</summary>
    Write = 8,

    /// <summary>F_SEAL_FUTURE_WRITE: not be written but through what is mapped already. Linux 5.1.</summary>
    FutureWrite = 16,
}

/// <summary>Kinds of file locks, with the system's values.</summary>
public enum FileLock
{
    /// <summary>F_RDLCK: others may read but not write.</summary>
    Shared = 0,

    /// <summary>F_WRLCK: others may do neither.</summary>
    Exclusive = 1,

    /// <summary>F_UNLCK: let go.</summary>
    Release = 2,
}

/// <summary>struct flock on 64-bit systems, glibc and musl.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct FileLockRequest
{
    [FieldOffset(0)]
    internal short Kind;

    [FieldOffset(2)]
    internal short Whence;

    [FieldOffset(8)]
    internal long Start;

    [FieldOffset(16)]
    internal long Length;

    [FieldOffset(24)]
    internal int Pid;
}
