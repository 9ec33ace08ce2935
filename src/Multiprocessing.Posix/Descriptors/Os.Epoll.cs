using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_DEL = 2;
    private const int MostAtOnce = 256;

    // struct epoll_event is packed on x86-64 only: 12 bytes there, 16 elsewhere.
    private static readonly int s_epollDataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    /// <summary>Makes an epoll instance. See epoll_create1(2).</summary>
    /// <returns>The descriptor.</returns>
    /// <exception cref="PosixException">EMFILE, ENFILE, ENOMEM.</exception>
    public static SafeDescriptorHandle EpollCreate() => new(Check("epoll_create1", Libc.epoll_create1(O_CLOEXEC)));

    /// <summary>Watches a descriptor, level-triggered. See epoll_ctl(2), EPOLL_CTL_ADD.</summary>
    /// <param name="epoll">The epoll instance.</param>
    /// <param name="descriptor">What to watch.</param>
    /// <param name="events">What to report; errors and hang-ups always are.</param>
    /// <param name="data">What <see cref="EpollWait"/> gives back with an event.</param>
    /// <exception cref="PosixException">EEXIST: it is watched already; EPERM: it cannot be polled; ENOSPC.</exception>
    public static unsafe void EpollAdd(SafeDescriptorHandle epoll, SafeDescriptorHandle descriptor, PollEvents events, long data)
    {
        byte* request = stackalloc byte[16];
        *(uint*)request = (uint)events;
        *(long*)(request + s_epollDataOffset) = data;
        Check("epoll_ctl", Libc.epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, request));
    }

    /// <summary>Watches a descriptor no longer. See epoll_ctl(2), EPOLL_CTL_DEL.</summary>
    /// <param name="epoll">The epoll instance.</param>
    /// <param name="descriptor">What is watched.</param>
    /// <exception cref="PosixException">ENOENT: it is not watched.</exception>
    public static unsafe void EpollRemove(SafeDescriptorHandle epoll, SafeDescriptorHandle descriptor)
    {
        byte* unused = stackalloc byte[16];
        Check("epoll_ctl", Libc.epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, unused));
    }

    /// <summary>Waits for events. See epoll_wait(2); a call that a signal interrupts is repeated.</summary>
    /// <param name="epoll">The epoll instance.</param>
    /// <param name="ready">Gets the data of the descriptors that have events.</param>
    /// <returns>How many were filled in, at least one.</returns>
    /// <exception cref="PosixException">EBADF, EINVAL.</exception>
    public static unsafe int EpollWait(SafeDescriptorHandle epoll, Span<long> ready)
    {
        int size = s_epollDataOffset + sizeof(long);
        ready = ready[..Math.Min(ready.Length, MostAtOnce)]; // they are on the stack
        byte* events = stackalloc byte[size * ready.Length];
        int count;
        while ((count = Libc.epoll_wait(epoll, events, ready.Length, -1)) < 0 && Interrupted)
        {
        }

        Check("epoll_wait", count);
        for (int i = 0; i < count; i++)
        {
            ready[i] = *(long*)(events + (i * size) + s_epollDataOffset);
        }

        return count;
    }
}
