using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int EFD_CLOEXEC = O_CLOEXEC;

    /// <summary>Makes a counter that can be polled. See eventfd(2).</summary>
    /// <param name="initial">The counter's first value; it polls readable while it is not 0.</param>
    /// <param name="flags">Flags beside close-on-exec, which is always set.</param>
    /// <returns>The descriptor.</returns>
    /// <exception cref="PosixException">EMFILE, EINVAL.</exception>
    public static SafeDescriptorHandle EventFd(uint initial = 0, EventFdFlags flags = EventFdFlags.None) =>
        new(Check("eventfd", Libc.eventfd(initial, (int)flags | EFD_CLOEXEC)));

    /// <summary>Waits until the counter is not 0, then takes all of it; in semaphore mode, one. See eventfd_read(3).</summary>
    /// <param name="eventFd">The counter.</param>
    /// <returns>What was taken.</returns>
    /// <exception cref="PosixException">EAGAIN: it is 0, and the descriptor does not block; EBADF.</exception>
    public static ulong EventFdRead(SafeDescriptorHandle eventFd)
    {
        ulong value = 0;
        Read(eventFd, MemoryMarshal.AsBytes(new Span<ulong>(ref value)));
        return value;
    }

    /// <summary>Adds to the counter, waiting while it would overflow. See eventfd_write(3).</summary>
    /// <param name="eventFd">The counter.</param>
    /// <param name="value">How much, up to 2^64 - 2.</param>
    /// <exception cref="PosixException">EINVAL: the value is 2^64 - 1; EAGAIN: it would overflow, and the descriptor does not block; EBADF.</exception>
    public static void EventFdWrite(SafeDescriptorHandle eventFd, ulong value) =>
        Write(eventFd, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value)));
}

/// <summary>Flags of eventfd(2), with the system's values.</summary>
[Flags]
public enum EventFdFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>EFD_SEMAPHORE: each read takes one.</summary>
    Semaphore = 1,

    /// <summary>EFD_NONBLOCK: fail with EAGAIN instead of waiting.</summary>
    NonBlocking = 0x800,
}
