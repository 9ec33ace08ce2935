using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    /// <summary>SCM_MAX_FD: how many descriptors the kernel takes along with one message.</summary>
    public const int MaxMessageDescriptors = 253;

    private const int SOL_SOCKET = 1;
    private const int SO_TYPE = 3;
    private const int SO_PASSCRED = 16;
    private const int SO_PEERCRED = 17;
    private const int SCM_RIGHTS = 1;
    private const int SCM_CREDENTIALS = 2;
    private const int MSG_CTRUNC = 8;
    private const int MSG_TRUNC = 0x20;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;

    /// <summary>Sends once over a local socket, with descriptors. See sendmsg(2), and SCM_RIGHTS in unix(7).</summary>
    /// <param name="socket">A local socket.</param>
    /// <param name="buffer">What to send; not empty when descriptors go along, since a stream would lose them.</param>
    /// <param name="descriptors">
    /// At most <see cref="MaxMessageDescriptors"/>; they stay open here, even if another thread disposes them meanwhile. On a stream they go with the first byte.
    /// </param>
    /// <param name="flags">Flags of sendmsg(2).</param>
    /// <returns>The number of bytes sent, which on a stream may be less than there are; all descriptors have gone then.</returns>
    /// <remarks>SIGPIPE is never raised, and a call that a signal interrupts before it sent is repeated.</remarks>
    /// <exception cref="ArgumentException">Descriptors without a byte, or too many, or one that is null. Nothing was sent.</exception>
    /// <exception cref="PosixException">
    /// EBADF; EPIPE or ECONNRESET: the other end is gone; EAGAIN; ETOOMANYREFS: too many descriptors are under way, unreceived.
    /// </exception>
    public static int SendMsg(SafeDescriptorHandle socket, ReadOnlySpan<byte> buffer, ReadOnlySpan<SafeDescriptorHandle> descriptors, MessageFlags flags = MessageFlags.None) =>
        Check("sendmsg", SendOnce(socket, buffer, [], descriptors, flags));

    /// <summary>Sends two buffers as one, with descriptors, if that is possible without waiting. See sendmsg(2), MSG_DONTWAIT.</summary>
    /// <param name="socket">A local socket.</param>
    /// <param name="first">What to send first; not empty when descriptors go along.</param>
    /// <param name="second">What follows it, in the same packet where the socket has packets.</param>
    /// <param name="descriptors">As of <see cref="SendMsg"/>.</param>
    /// <param name="sent">The number of bytes sent, which on a stream may be less than there are; all descriptors have gone then.</param>
    /// <returns>False, instead of EAGAIN: the call would have to wait. Nothing was sent.</returns>
    /// <remarks>Nothing is allocated. SIGPIPE is never raised, and a call that a signal interrupts before it sent is repeated.</remarks>
    /// <exception cref="ArgumentException">Descriptors without a byte, or too many, or one that is null. Nothing was sent.</exception>
    /// <exception cref="PosixException">EBADF; EPIPE or ECONNRESET: the other end is gone; EMSGSIZE: too long for one packet; ETOOMANYREFS: too many descriptors are under way, unreceived.</exception>
    public static bool TrySendMsg(SafeDescriptorHandle socket, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<SafeDescriptorHandle> descriptors, out int sent)
    {
        sent = SendOnce(socket, first, second, descriptors, MessageFlags.DontWait);
        return sent >= 0 || (Marshal.GetLastPInvokeError() == Errno.EAGAIN ? false : throw PosixException.Last("sendmsg"));
    }

    /// <returns>-1 when it failed; the error is the last of this thread.</returns>
    private static int SendOnce(SafeDescriptorHandle socket, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<SafeDescriptorHandle> descriptors, MessageFlags flags)
    {
        RefuseDescriptors(first, descriptors);
        int controlLength = descriptors.IsEmpty ? 0 : ControlHeader.SpaceOf(descriptors.Length * sizeof(int));
        byte* control = stackalloc byte[controlLength];
        int held = 0;
        try
        {
            if (!descriptors.IsEmpty)
            {
                *(ControlHeader*)control = new() { Length = (nuint)ControlHeader.LengthOf(descriptors.Length * sizeof(int)), Level = SOL_SOCKET, Type = SCM_RIGHTS };
                int* numbers = (int*)(control + sizeof(ControlHeader));
                for (; held < descriptors.Length; held++)
                {
                    bool added = false;
                    descriptors[held].DangerousAddRef(ref added);
                    numbers[held] = descriptors[held].Number;
                }
            }

            fixed (byte* startOfFirst = first, startOfSecond = second)
            {
                IoVector* vectors = stackalloc IoVector[2];
                vectors[0] = new() { Start = startOfFirst, Length = (nuint)first.Length };
                vectors[1] = new() { Start = startOfSecond, Length = (nuint)second.Length };
                MessageHeader message = new()
                {
                    Vectors = vectors,
                    VectorCount = second.IsEmpty ? 1u : 2u,
                    Control = controlLength == 0 ? null : control,
                    ControlLength = (nuint)controlLength,
                };
                nint count;
                while ((count = Libc.sendmsg(socket, &message, (int)flags | MSG_NOSIGNAL)) < 0 && Interrupted)
                {
                }

                return (int)count;
            }
        }
        finally
        {
            while (held > 0)
            {
                descriptors[--held].DangerousRelease();
            }
        }
    }

    /// <summary>Receives once from a local socket, with descriptors. See recvmsg(2), and SCM_RIGHTS in unix(7).</summary>
    /// <param name="socket">A local socket.</param>
    /// <param name="buffer">Where to put it; not empty.</param>
    /// <param name="maxDescriptors">How many descriptors may come along, at most <see cref="MaxMessageDescriptors"/>.</param>
    /// <param name="flags">Flags of recvmsg(2).</param>
    /// <returns>How much came, and what came along; dispose it, or each descriptor.</returns>
    /// <remarks>A call that a signal interrupts is repeated. Descriptors are close-on-exec from birth.</remarks>
    /// <exception cref="ArgumentException">The buffer is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of descriptors is not from 0 to <see cref="MaxMessageDescriptors"/>.</exception>
    /// <exception cref="InvalidDataException">
    /// Not all descriptors could be taken: more came than asked for, or this process may not open more. Those that came are closed again; the bytes are in the buffer.
    /// </exception>
    /// <exception cref="PosixException">EAGAIN: nothing is there, and the call does not wait; ECONNRESET; EBADF.</exception>
    public static ReceivedMessage RecvMsg(SafeDescriptorHandle socket, Span<byte> buffer, int maxDescriptors = MaxMessageDescriptors, MessageFlags flags = MessageFlags.None) =>
        ReceiveOnce(socket, buffer, maxDescriptors, flags, out ReceivedMessage message) ? message : throw PosixException.Last("recvmsg");

    /// <summary>Receives once from a local socket, with descriptors, if something is there. See recvmsg(2), MSG_DONTWAIT.</summary>
    /// <param name="socket">A local socket.</param>
    /// <param name="buffer">Where to put it; not empty.</param>
    /// <param name="message">How much came, and what came along; dispose it, or each descriptor.</param>
    /// <param name="maxDescriptors">How many descriptors may come along, at most <see cref="MaxMessageDescriptors"/>.</param>
    /// <returns>False, instead of EAGAIN: nothing is there.</returns>
    /// <remarks>As of <see cref="RecvMsg"/>. Nothing is allocated unless descriptors come.</remarks>
    /// <exception cref="ArgumentException">The buffer is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of descriptors is not from 0 to <see cref="MaxMessageDescriptors"/>.</exception>
    /// <exception cref="InvalidDataException">As of <see cref="RecvMsg"/>.</exception>
    /// <exception cref="PosixException">ECONNRESET; EBADF.</exception>
    public static bool TryRecvMsg(SafeDescriptorHandle socket, Span<byte> buffer, out ReceivedMessage message, int maxDescriptors = MaxMessageDescriptors) =>
        ReceiveOnce(socket, buffer, maxDescriptors, MessageFlags.DontWait, out message)
        || (Marshal.GetLastPInvokeError() == Errno.EAGAIN ? false : throw PosixException.Last("recvmsg"));

    /// <returns>False when it failed; the error is the last of this thread.</returns>
    [SkipLocalsInit] // the kernel says how much of the control buffer it filled
    private static bool ReceiveOnce(SafeDescriptorHandle socket, Span<byte> buffer, int maxDescriptors, MessageFlags flags, out ReceivedMessage received)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxDescriptors);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxDescriptors, MaxMessageDescriptors);
        if (buffer.IsEmpty)
        {
            throw new ArgumentException("The buffer is empty; a stream would give up no descriptors for it.", nameof(buffer));
        }

        // Room for what SetPassCredentials asks for is always there: without it the kernel would cut off the descriptors behind.
        int controlLength = ControlHeader.SpaceOf(sizeof(PeerCredentials)) + ControlHeader.SpaceOf(maxDescriptors * sizeof(int));
        byte* control = stackalloc byte[controlLength];
        fixed (byte* start = buffer)
        {
            IoVector vector = new() { Start = start, Length = (nuint)buffer.Length };
            MessageHeader message = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (nuint)controlLength };
            nint count;
            while ((count = Libc.recvmsg(socket, &message, (int)flags | MSG_CMSG_CLOEXEC)) < 0 && Interrupted)
            {
            }

            if (count < 0)
            {
                received = default;
                return false;
            }

            (SafeDescriptorHandle[] descriptors, PeerCredentials? credentials) = ReadControl(new ReadOnlySpan<byte>(control, (int)message.ControlLength));
            if (descriptors.Length > maxDescriptors || (message.Flags & MSG_CTRUNC) != 0)
            {
                Array.ForEach(descriptors, descriptor => descriptor.Dispose());
                throw new InvalidDataException(
                    $"recvmsg: of the descriptors that came with the message not all could be taken: more than {maxDescriptors} came, or this process may open no more. All were closed.");
            }

            received = new ReceivedMessage((int)count, (message.Flags & MSG_TRUNC) != 0, descriptors, credentials);
            return true;
        }
    }

    /// <summary>The type of a socket. See SO_TYPE in socket(7).</summary>
    /// <param name="socket">The socket.</param>
    /// <returns>1: stream, 2: datagrams, 5: sequenced packets.</returns>
    /// <exception cref="PosixException">EBADF; ENOTSOCK.</exception>
    public static int GetSocketType(SafeDescriptorHandle socket)
    {
        int type;
        uint length = sizeof(int);
        Check("getsockopt", Libc.getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length));
        return type;
    }

    /// <summary>Who made the other end of a connected local socket. See SO_PEERCRED in unix(7).</summary>
    /// <param name="socket">The socket.</param>
    /// <returns>The credentials at the time of the connection or of socketpair(2).</returns>
    /// <exception cref="PosixException">EBADF; ENOTSOCK.</exception>
    public static PeerCredentials GetPeerCredentials(SafeDescriptorHandle socket)
    {
        PeerCredentials credentials;
        uint length = (uint)sizeof(PeerCredentials);
        Check("getsockopt", Libc.getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length));
        return credentials;
    }

    /// <summary>Sets whether each message received says who sent it. See SO_PASSCRED in unix(7).</summary>
    /// <param name="socket">The receiving socket.</param>
    /// <param name="pass">Whether <see cref="RecvMsg"/> gives <see cref="ReceivedMessage.Credentials"/>.</param>
    /// <exception cref="PosixException">EBADF; ENOTSOCK.</exception>
    public static void SetPassCredentials(SafeDescriptorHandle socket, bool pass)
    {
        int value = pass ? 1 : 0;
        Check("setsockopt", Libc.setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &value, sizeof(int)));
    }

    /// <summary>Ends one or both directions of a connection. See shutdown(2).</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="how">Which directions.</param>
    /// <exception cref="PosixException">ENOTCONN; ENOTSOCK; EBADF.</exception>
    public static void Shutdown(SafeDescriptorHandle socket, ShutdownHow how) => Check("shutdown", Libc.shutdown(socket, (int)how));

    private static void RefuseDescriptors(ReadOnlySpan<byte> buffer, ReadOnlySpan<SafeDescriptorHandle> descriptors)
    {
        if (descriptors.Length > MaxMessageDescriptors)
        {
            throw new ArgumentException($"{descriptors.Length} descriptors are too many for one message; the system takes {MaxMessageDescriptors}.", nameof(descriptors));
        }

        if (buffer.IsEmpty && !descriptors.IsEmpty)
        {
            throw new ArgumentException("Descriptors need at least one byte to go with; a stream would lose them.", nameof(buffer));
        }

        foreach (SafeDescriptorHandle descriptor in descriptors)
        {
            ArgumentNullException.ThrowIfNull(descriptor, nameof(descriptors));
        }
    }

    /// <summary>Wraps every descriptor first of all, so that none can get lost.</summary>
    private static (SafeDescriptorHandle[] Descriptors, PeerCredentials? Credentials) ReadControl(ReadOnlySpan<byte> control)
    {
        SafeDescriptorHandle[] descriptors = [];
        PeerCredentials? credentials = null;
        while (control.Length >= sizeof(ControlHeader))
        {
            ControlHeader header = MemoryMarshal.Read<ControlHeader>(control);
            int length = (int)Math.Min(header.Length, (nuint)control.Length);
            if (length < sizeof(ControlHeader))
            {
                break; // the kernel makes none like that
            }

            ReadOnlySpan<byte> data = control[sizeof(ControlHeader)..length];
            if (header is { Level: SOL_SOCKET, Type: SCM_RIGHTS })
            {
                descriptors = Array.ConvertAll(MemoryMarshal.Cast<byte, int>(data).ToArray(), number => new SafeDescriptorHandle(number));
            }
            else if (header is { Level: SOL_SOCKET, Type: SCM_CREDENTIALS } && data.Length >= sizeof(PeerCredentials))
            {
                credentials = MemoryMarshal.Read<PeerCredentials>(data);
            }

            control = control[Math.Min(ControlHeader.Align(length), control.Length)..];
        }

        return (descriptors, credentials);
    }
}

/// <summary>What shutdown(2) ends, with the system's values.</summary>
public enum ShutdownHow
{
    /// <summary>SHUT_RD: receiving.</summary>
    Receive = 0,

    /// <summary>SHUT_WR: sending; the other end reads to the end of what was sent.</summary>
    Send = 1,

    /// <summary>SHUT_RDWR: both.</summary>
    Both = 2,
}
