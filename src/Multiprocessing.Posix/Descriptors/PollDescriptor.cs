using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>One descriptor to poll: struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollDescriptor
{
    /// <summary>Asks for events of a descriptor.</summary>
    /// <param name="descriptor">The descriptor's number; a negative one is passed over.</param>
    /// <param name="events">What to wait for.</param>
    public PollDescriptor(int descriptor, PollEvents events)
    {
        Descriptor = descriptor;
        Events = events;
        Returned = PollEvents.None;
    }

    /// <summary>The descriptor's number; a negative one is passed over.</summary>
    public int Descriptor { get; }

    /// <summary>What to wait for.</summary>
    public PollEvents Events { get; }

    /// <summary>What has happened; filled by the call.</summary>
    public PollEvents Returned { get; }
}

/// <summary>Events of poll(2), with the system's values; the same bits serve epoll(7).</summary>
[Flags]
public enum PollEvents : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>POLLIN: there is something to read, or the end of the stream.</summary>
    Readable = 1,

    /// <summary>POLLPRI: an exceptional condition.</summary>
    Priority = 2,

    /// <summary>POLLOUT: writing would not block.</summary>
    Writable = 4,

    /// <summary>POLLERR: an error, or the reader of a pipe is gone. Always reported.</summary>
    Error = 8,

    /// <summary>POLLHUP: the other end was closed. Always reported.</summary>
    HangUp = 16,

    /// <summary>POLLNVAL: the descriptor is not open. Always reported.</summary>
    Invalid = 32,
}
