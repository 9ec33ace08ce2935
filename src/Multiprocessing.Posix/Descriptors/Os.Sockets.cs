using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int AF_UNIX = 1;
    private const int SOCK_CLOEXEC = O_CLOEXEC;
    private const int MSG_NOSIGNAL = 0x4000;

    /// <summary>Makes a pair of connected local sockets. See socketpair(2).</summary>
    /// <param name="type">1: stream, 5: sequenced packets; close-on-exec is always added.</param>
    /// <returns>The two ends.</returns>
    /// <exception cref="PosixException">EMFILE or ENFILE: too many open descriptors; EINVAL.</exception>
    public static unsafe (SafeDescriptorHandle Left, SafeDescriptorHandle Right) SocketPair(int type = 1)
    {
        int* ends = stackalloc int[2];
        Check("socketpair", Libc.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends));
        return (new SafeDescriptorHandle(ends[0]), new SafeDescriptorHandle(ends[1]));
    }

    /// <summary>Sends once over a socket. See send(2); SIGPIPE is never raised, and a call that a signal interrupts before it sent is repeated.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">What to send.</param>
    /// <param name="flags">Flags of send(2).</param>
    /// <returns>The number of bytes sent, which may be less than there are.</returns>
    /// <exception cref="PosixException">EPIPE or ECONNRESET: the other end is gone; EAGAIN.</exception>
    public static unsafe int Send(SafeDescriptorHandle socket, ReadOnlySpan<byte> buffer, MessageFlags flags = MessageFlags.None)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Libc.send(socket, start, (nuint)buffer.Length, (int)flags | MSG_NOSIGNAL)) < 0 && Interrupted)
            {
            }

            return Check("send", (int)count);
        }
    }

    /// <summary>Sends once over a socket, if that is possible without waiting. See send(2), MSG_DONTWAIT.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">What to send.</param>
    /// <param name="sent">The number of bytes sent, which on a stream may be less than there are.</param>
    /// <returns>False, instead of EAGAIN: the call would have to wait. Nothing was sent.</returns>
    /// <remarks>SIGPIPE is never raised, and a call that a signal interrupts before it sent is repeated.</remarks>
    /// <exception cref="PosixException">EPIPE or ECONNRESET: the other end is gone; EMSGSIZE: too long for one packet; EBADF.</exception>
    public static unsafe bool TrySend(SafeDescriptorHandle socket, ReadOnlySpan<byte> buffer, out int sent)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Libc.send(socket, start, (nuint)buffer.Length, (int)MessageFlags.DontWait | MSG_NOSIGNAL)) < 0 && Interrupted)
            {
            }

            sent = (int)count;
            return count >= 0 || (Marshal.GetLastPInvokeError() == Errno.EAGAIN ? false : throw PosixException.Last("send"));
        }
    }

    /// <summary>Receives once from a socket. See recv(2); a call that a signal interrupts is repeated.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">Where to put it.</param>
    /// <param name="flags">Flags of recv(2).</param>
    /// <returns>The number of bytes received; 0 when the other end is closed.</returns>
    /// <exception cref="PosixException">EAGAIN: nothing is there, with <see cref="MessageFlags.DontWait"/>; ECONNRESET.</exception>
    public static unsafe int Receive(SafeDescriptorHandle socket, Span<byte> buffer, MessageFlags flags = MessageFlags.None)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Libc.recv(socket, start, (nuint)buffer.Length, (int)flags)) < 0 && Interrupted)
            {
            }

            return Check("recv", (int)count);
        }
    }

    /// <summary>Receives once from a socket, if that is possible without waiting. See recv(2), MSG_DONTWAIT; a call that a signal interrupts is repeated.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">Where to put it.</param>
    /// <param name="received">The number of bytes received; 0 when the other end is closed.</param>
    /// <returns>False, instead of EAGAIN: nothing is there.</returns>
    /// <exception cref="PosixException">ECONNRESET; EBADF.</exception>
    public static unsafe bool TryReceive(SafeDescriptorHandle socket, Span<byte> buffer, out int received)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Libc.recv(socket, start, (nuint)buffer.Length, (int)MessageFlags.DontWait)) < 0 && Interrupted)
            {
            }

            received = (int)count;
            return count >= 0 || (Marshal.GetLastPInvokeError() == Errno.EAGAIN ? false : throw PosixException.Last("recv"));
        }
    }
}

/// <summary>Flags of send(2) and recv(2), with the system's values.</summary>
[Flags]
public enum MessageFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>MSG_PEEK: leave what was received where it is.</summary>
    Peek = 2,

    /// <summary>MSG_DONTWAIT: fail with EAGAIN instead of waiting.</summary>
    DontWait = 0x40,

    /// <summary>MSG_WAITALL: wait until the buffer is full.</summary>
    WaitAll = 0x100,
}
