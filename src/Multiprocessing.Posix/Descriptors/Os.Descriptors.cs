using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int O_CLOEXEC = 0x80000;
    private const int MFD_CLOEXEC = 1;

    /// <summary>Opens a file. See open(2).</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="flags">Flags beside close-on-exec, which is always set: 0 reads, 1 writes, 2 does both.</param>
    /// <param name="mode">Permission bits of a file that the call makes.</param>
    /// <returns>The descriptor.</returns>
    /// <exception cref="ArgumentException">The path has a null character in it.</exception>
    /// <exception cref="PosixException">ENOENT, EACCES, EMFILE, …; the message names the path.</exception>
    public static unsafe SafeDescriptorHandle Open(string path, int flags = 0, int mode = 0)
    {
        using CString text = new(path, nameof(path));
        int descriptor;
        while ((descriptor = Libc.open(text.Pointer, flags | O_CLOEXEC, mode)) < 0 && Interrupted)
        {
        }

        return descriptor >= 0 ? new SafeDescriptorHandle(descriptor) : throw PosixException.Last("open", path);
    }

    /// <summary>Makes a pipe. See pipe2(2).</summary>
    /// <param name="flags">NonBlocking or Direct, beside close-on-exec, which is always set.</param>
    /// <returns>The reading and the writing end.</returns>
    /// <exception cref="PosixException">EMFILE or ENFILE: too many open descriptors; EINVAL.</exception>
    public static unsafe (SafeDescriptorHandle Read, SafeDescriptorHandle Write) Pipe2(StatusFlags flags = StatusFlags.None)
    {
        int* ends = stackalloc int[2];
        Check("pipe2", Libc.pipe2(ends, StatusFlagsOfSystem.ToSystem(flags) | O_CLOEXEC));
        return (new SafeDescriptorHandle(ends[0]), new SafeDescriptorHandle(ends[1]));
    }

    /// <summary>Reads once. See read(2); a call that a signal interrupts is repeated.</summary>
    /// <param name="descriptor">Where to read.</param>
    /// <param name="buffer">Where to put it.</param>
    /// <returns>The number of bytes read; 0 at the end.</returns>
    /// <exception cref="PosixException">EAGAIN, EBADF, EIO, …</exception>
    public static unsafe int Read(SafeDescriptorHandle descriptor, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Libc.read(descriptor, start, (nuint)buffer.Length)) < 0 && Interrupted)
            {
            }

            return Check("read", (int)count);
        }
    }

    /// <summary>Reads once from a place in a file, and leaves the file's position alone. See pread(2); a call that a signal interrupts is repeated.</summary>
    /// <param name="descriptor">Where to read: a file.</param>
    /// <param name="buffer">Where to put it.</param>
    /// <param name="offset">Where in the file to begin, in bytes.</param>
    /// <returns>The number of bytes read; 0 at the end.</returns>
    /// <exception cref="PosixException">ESPIPE: it is no file; EINVAL: the offset is negative; EBADF, EIO, …</exception>
    public static unsafe int PRead(SafeDescriptorHandle descriptor, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Libc.pread(descriptor, start, (nuint)buffer.Length, offset)) < 0 && Interrupted)
            {
            }

            return Check("pread", (int)count);
        }
    }

    /// <summary>Writes once. See write(2); a call that a signal interrupts before it wrote is repeated.</summary>
    /// <param name="descriptor">Where to write.</param>
    /// <param name="buffer">What to write.</param>
    /// <returns>The number of bytes written, which may be less than there are.</returns>
    /// <exception cref="PosixException">EAGAIN, EPIPE: nobody reads any more; ENOSPC, …</exception>
    public static unsafe int Write(SafeDescriptorHandle descriptor, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Libc.write(descriptor, start, (nuint)buffer.Length)) < 0 && Interrupted)
            {
            }

            return Check("write", (int)count);
        }
    }

    /// <summary>Moves a file's offset. See lseek(2).</summary>
    /// <param name="descriptor">The file.</param>
    /// <param name="offset">Bytes, from where <paramref name="origin"/> says.</param>
    /// <param name="origin">From the beginning, the current offset or the end.</param>
    /// <returns>The new offset from the beginning.</returns>
    /// <exception cref="PosixException">EINVAL; ESPIPE: it is a pipe or a socket.</exception>
    public static long Lseek(SafeDescriptorHandle descriptor, long offset, SeekOrigin origin)
    {
        long position = Libc.lseek(descriptor, offset, (int)origin);
        return position >= 0 ? position : throw PosixException.Last("lseek");
    }

    /// <summary>Changes or reads a property of a descriptor. See fcntl(2).</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="command">What to do.</param>
    /// <param name="argument">The command's argument, where it has one.</param>
    /// <returns>What the command returns; the new descriptor's number for <see cref="FcntlCommand.DuplicateCloseOnExec"/>.</returns>
    /// <exception cref="PosixException">EBADF, EINVAL, EPERM, …</exception>
    public static int Fcntl(SafeDescriptorHandle descriptor, FcntlCommand command, int argument = 0)
    {
        int result = Libc.fcntl(descriptor, (int)command, argument);

        // A group that owns the descriptor is its number negated, so only errno tells.
        return command == FcntlCommand.GetOwner && result < 0 && Marshal.GetLastPInvokeError() == 0 ? result : Check("fcntl", result);
    }

    /// <summary>Waits for events on descriptors. See poll(2); a call that a signal interrupts goes on for the time that is left.</summary>
    /// <param name="descriptors">What to wait for; what happened is filled in.</param>
    /// <param name="timeout">How long; null: for ever. Rounded up to whole milliseconds.</param>
    /// <returns>How many descriptors have events; 0 when the time ran out.</returns>
    /// <exception cref="PosixException">EINVAL, ENOMEM.</exception>
    public static unsafe int Poll(Span<PollDescriptor> descriptors, TimeSpan? timeout = null)
    {
        fixed (PollDescriptor* first = descriptors)
        {
            return Poll(first, (nuint)descriptors.Length, timeout);
        }
    }

    /// <summary>Waits for events on one descriptor. See poll(2); a call that a signal interrupts goes on for the time that is left.</summary>
    /// <param name="descriptor">The descriptor; it is kept open meanwhile, even if another thread disposes it.</param>
    /// <param name="events">What to wait for.</param>
    /// <param name="timeout">How long; null: for ever. Rounded up to whole milliseconds.</param>
    /// <returns>What has happened; <see cref="PollEvents.None"/> when the time ran out.</returns>
    /// <exception cref="PosixException">EINVAL, ENOMEM.</exception>
    public static unsafe PollEvents Poll(SafeDescriptorHandle descriptor, PollEvents events, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        bool added = false;
        try
        {
            descriptor.DangerousAddRef(ref added);
            PollDescriptor one = new(descriptor.Number, events);
            Poll(&one, 1, timeout);
            return one.Returned;
        }
        finally
        {
            if (added)
            {
                descriptor.DangerousRelease();
            }
        }
    }

    /// <summary>Makes an anonymous file in memory. See memfd_create(2).</summary>
    /// <param name="name">A name for /proc, at most 249 bytes; it need not be unique.</param>
    /// <param name="flags">Flags beside close-on-exec, which is always set.</param>
    /// <returns>The file, empty.</returns>
    /// <exception cref="PosixException">EMFILE, ENOMEM, EINVAL.</exception>
    public static unsafe SafeDescriptorHandle MemFdCreate(string name, MemFdFlags flags = MemFdFlags.None)
    {
        using CString text = new(name);
        return new SafeDescriptorHandle(Check("memfd_create", Libc.memfd_create(text.Pointer, (uint)flags | MFD_CLOEXEC)));
    }

    private static unsafe int Poll(PollDescriptor* first, nuint length, TimeSpan? timeout)
    {
        timeout = timeout == Timeout.InfiniteTimeSpan ? null : timeout;
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout.GetValueOrDefault().Ticks, 0, nameof(timeout));
        long start = timeout is null ? 0 : Stopwatch.GetTimestamp();
        while (true)
        {
            int milliseconds = timeout is { } limit ? RemainingMilliseconds(limit, start) : -1;
            int count = Libc.poll(first, length, milliseconds);

            // A span beyond the call's 24 days is waited for in parts.
            if (count > 0 || (count == 0 && milliseconds != int.MaxValue))
            {
                return count;
            }

            if (count < 0 && !Interrupted)
            {
                throw PosixException.Last("poll");
            }
        }
    }

    private static int RemainingMilliseconds(TimeSpan limit, long start)
    {
        TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
        return left <= TimeSpan.Zero ? 0 : (int)Math.Min(Math.Ceiling(left.TotalMilliseconds), int.MaxValue);
    }
}

/// <summary>Commands of fcntl(2), with the system's values.</summary>
public enum FcntlCommand
{
    /// <summary>F_DUPFD: duplicate, not below the argument. The duplicate is inherited through exec.</summary>
    Duplicate = 0,

    /// <summary>F_GETFD: the descriptor's flags; 1 is close-on-exec.</summary>
    GetDescriptorFlags = 1,

    /// <summary>F_SETFD: set the descriptor's flags.</summary>
    SetDescriptorFlags = 2,

    /// <summary>F_GETFL: the open file's status flags.</summary>
    GetStatusFlags = 3,

    /// <summary>F_SETFL: set the open file's status flags.</summary>
    SetStatusFlags = 4,

    /// <summary>F_SETOWN: which process or group gets the signals of this open file.</summary>
    SetOwner = 8,

    /// <summary>F_GETOWN: which process or group gets them.</summary>
    GetOwner = 9,

    /// <summary>F_SETSIG: which signal is sent when something happens; 0 is SIGIO.</summary>
    SetSignal = 10,

    /// <summary>F_GETSIG: which one is.</summary>
    GetSignal = 11,

    /// <summary>F_DUPFD_CLOEXEC: duplicate, not below the argument, close-on-exec.</summary>
    DuplicateCloseOnExec = 1030,

    /// <summary>F_SETPIPE_SZ: how many bytes a pipe holds at least.</summary>
    SetPipeSize = 1031,

    /// <summary>F_GETPIPE_SZ: how many bytes a pipe holds.</summary>
    GetPipeSize = 1032,

    /// <summary>F_ADD_SEALS: seal a memory file.</summary>
    AddSeals = 1033,

    /// <summary>F_GET_SEALS: the seals of a memory file.</summary>
    GetSeals = 1034,
}

/// <summary>Flags of memfd_create(2), with the system's values.</summary>
[Flags]
public enum MemFdFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>MFD_ALLOW_SEALING: the file can be sealed. See <see cref="Os.AddSeals"/>.</summary>
    AllowSealing = 2,
}
