using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Messages over a local socket of packets (SOCK_SEQPACKET): one message is one packet.</summary>
/// <remarks>
/// <para>
/// A packet is a header of four bytes (version, kind, place, 0) and the body, or, where that is long, a reference to a <see cref="SharedBlock"/> that holds it. The kernel takes
/// and gives a packet whole, whatever other threads and processes do at the same end. So there is no lock, and SIGKILL between any two instructions leaves either the whole
/// message or none: before sendmsg(2) the body is nowhere but in this process or in a block that only this process knows; after it the message lies in the kernel,
/// together with the descriptors that its block lives by.
/// </para>
/// <para>Each packet says who sent it (SO_PASSCRED): a process that changed its user is found out at its next message.</para>
/// </remarks>
internal sealed class LocalTransport : Transport
{
    /// <summary>How long a packet can be. A socket's buffer is 208 KiB unless the administrator changed it.</summary>
    private const int MaximumPacket = 64 * 1024;

    private const int HeaderLength = 4;
    private const int ReferenceLength = HeaderLength + sizeof(ulong) + sizeof(int) + sizeof(int);
    private const int SmallBody = 512;
    private const byte Version = 1;

    private readonly SafeDescriptorHandle _socket;
    private readonly BlockSender _blocks;
    private readonly BlockReceiver _views = new();

    private enum Place : byte
    {
        Packet = 0,
        Block = 1,
    }

    /// <summary>Takes over a socket.</summary>
    /// <param name="socket">One end of a connected local socket of packets.</param>
    /// <exception cref="PosixException">ENOTSOCK: it is none; EPROTOTYPE: it is another kind of socket. It is closed.</exception>
    internal LocalTransport(SafeDescriptorHandle socket)
    {
        try
        {
            if (Os.GetSocketType(socket) != SocketOptions.SOCK_SEQPACKET)
            {
                throw new PosixException("getsockopt", Errno.EPROTOTYPE);
            }

            Os.SetPassCredentials(socket, true);
            _blocks = new BlockSender(mayHoard: SenderTrust.Of(Os.GetPeerCredentials(socket)));
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _socket = socket;
    }

    internal override SafeDescriptorHandle Descriptor => _socket;

    internal override bool IsAtomic => true;

    internal static (LocalTransport Left, LocalTransport Right) CreatePair()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair(SocketOptions.SOCK_SEQPACKET);
        try
        {
            return (new LocalTransport(left), new LocalTransport(right));
        }
        catch
        {
            left.Dispose();
            right.Dispose();
            throw;
        }
    }

    internal override bool TrySend(MessageKind kind, ReadOnlySpan<byte> body, ReadOnlySpan<SafeDescriptorHandle> descriptors, ref PendingSend pending)
    {
        if (pending.Progress is null && body.Length <= MaximumPacket - HeaderLength)
        {
            try
            {
                return TrySendPacket([Version, (byte)kind, (byte)Place.Packet, 0], body, descriptors, ref pending);
            }
            catch (PosixException exception) when (exception.Errno == Errno.EMSGSIZE)
            {
                // The administrator has made the buffers small.
            }
        }

        return TrySendBlock(kind, body, descriptors, ref pending);
    }

    internal override SharedBlock? TryLend(int length)
    {
        PendingSend unused = default;
        return _blocks.TryTake(length, ref unused);
    }

    internal override void GiveUp(ref PendingSend pending)
    {
        (pending.Progress as SharedBlock)?.Return();
        pending = default;
    }

    internal override bool TryReceive(out Incoming message)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaximumPacket);
        bool kept = false;
        try
        {
            if (!TryReceivePacket(buffer, out ReceivedMessage packet))
            {
                message = default;
                return false;
            }

            ReceivedDescriptors? descriptors = packet.Descriptors.Count == 0 ? null : new ReceivedDescriptors(packet.Descriptors);
            try
            {
                if (packet.Count == 0)
                {
                    _views.Forget();
                    throw new EndOfStreamException("The other end of the connection is closed, and everything that it sent is received.");
                }

                message = Open(packet, buffer, descriptors, out kept);
                descriptors = null;
                return true;
            }
            finally
            {
                descriptors?.Dispose();
            }
        }
        finally
        {
            if (!kept)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    internal override void Depart(WireWriter writer)
    {
        ObjectDisposedException.ThrowIf(_socket.IsClosed, typeof(Connection));
        writer.Byte((byte)Kind.Local);
        writer.Attach(_socket);
    }

    internal static LocalTransport ArriveLocal(ref WireReader reader)
    {
        try
        {
            return new LocalTransport(reader.Descriptor());
        }
        catch (PosixException exception)
        {
            throw new InvalidDataException($"The descriptor that came for a connection is no local socket: {exception.Message}", exception);
        }
    }

    public override void Dispose()
    {
        _socket.Dispose();
        _blocks.Dispose();
        _views.Dispose();
    }

    private bool TrySendPacket(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body, ReadOnlySpan<SafeDescriptorHandle> descriptors, ref PendingSend pending)
    {
        try
        {
            if (descriptors.IsEmpty && body.Length <= SmallBody ? TrySendSmall(header, body) : Os.TrySendMsg(_socket, header, body, descriptors, out _))
            {
                return true;
            }
        }
        catch (PosixException exception) when (exception.Errno is Errno.ECONNRESET or Errno.ENOTCONN or Errno.ECONNREFUSED)
        {
            throw new PosixException("sendmsg", Errno.EPIPE); // which of them it is depends on what the other end left unread
        }

        pending.Descriptor = _socket;
        pending.Events = PollEvents.Writable;
        return false;
    }

    /// <summary>One buffer costs the kernel less than two.</summary>
    [SkipLocalsInit]
    private bool TrySendSmall(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body)
    {
        Span<byte> packet = stackalloc byte[ReferenceLength + SmallBody];
        header.CopyTo(packet);
        body.CopyTo(packet[header.Length..]);
        return Os.TrySend(_socket, packet[..(header.Length + body.Length)], out _);
    }

    private bool TrySendBlock(MessageKind kind, ReadOnlySpan<byte> body, ReadOnlySpan<SafeDescriptorHandle> descriptors, ref PendingSend pending)
    {
        SharedBlock? block = pending.Progress as SharedBlock;
        if (block is null)
        {
            block = _blocks.TryTake(body.Length, ref pending);
            if (block is null)
            {
                return false;
            }
        }

        bool waits = false;
        try
        {
            if (pending.Progress is null)
            {
                body.CopyTo(block.Memory);
            }

            Span<byte> header = stackalloc byte[ReferenceLength];
            header.Clear();
            header[0] = Version;
            header[1] = (byte)kind;
            header[2] = (byte)Place.Block;
            BinaryPrimitives.WriteUInt64LittleEndian(header[HeaderLength..], block.Id);
            BinaryPrimitives.WriteInt32LittleEndian(header[(HeaderLength + sizeof(ulong))..], body.Length);
            SafeDescriptorHandle[] all = [block.File, block.Lease, .. descriptors];
            waits = !TrySendPacket(header, [], all, ref pending);
            return !waits;
        }
        finally
        {
            pending.Progress = waits ? block : null;
            if (!waits)
            {
                block.Return();
            }
        }
    }

    /// <remarks>ECONNRESET comes once when the other end was closed with messages of ours unread, and before its own messages, which are still here.</remarks>
    private bool TryReceivePacket(byte[] buffer, out ReceivedMessage packet)
    {
        try
        {
            return Os.TryRecvMsg(_socket, buffer, out packet);
        }
        catch (PosixException exception) when (exception.Errno == Errno.ECONNRESET)
        {
            return Os.TryRecvMsg(_socket, buffer, out packet);
        }
    }

    private Incoming Open(in ReceivedMessage packet, byte[] buffer, ReceivedDescriptors? descriptors, out bool kept)
    {
        kept = false;
        if (packet.IsTruncated || packet.Count < HeaderLength || buffer[0] != Version)
        {
            throw new InvalidDataException("What came over the connection is no message of this library. It is dropped.");
        }

        MessageKind kind = (MessageKind)buffer[1];
        switch ((Place)buffer[2])
        {
            case Place.Packet:
                kept = true;
                return new Incoming(kind, buffer.AsMemory(HeaderLength, packet.Count - HeaderLength), isTrusted: false, descriptors, pooled: buffer, sender: packet.Credentials);
            case Place.Block when packet.Count == ReferenceLength:
                ulong id = MemoryMarshal.Read<ulong>(buffer.AsSpan(HeaderLength));
                int length = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(HeaderLength + sizeof(ulong)));
                SafeDescriptorHandle? file = descriptors?.Take();
                SafeDescriptorHandle? lease = descriptors?.Take();
                if (file is null || lease is null || length < 0)
                {
                    file?.Dispose();
                    lease?.Dispose();
                    throw new InvalidDataException("A long message came without its memory. It is dropped.");
                }

                bool isTrusted = SenderTrust.Of(packet.Credentials);
                IMemoryOwner<byte> owner;
                try
                {
                    owner = isTrusted ? _views.Map(id, length, file, lease) : BlockReceiver.Copy(length, file, lease);
                }
                catch (PosixException exception)
                {
                    throw new InvalidDataException($"The memory of a long message could not be read, so that it is lost: {exception.Message}", exception);
                }

                return new Incoming(kind, owner.Memory, isTrusted, descriptors, owner: owner);
            default:
                throw new InvalidDataException("A message that came over the connection speaks of a place for its bytes that does not exist. It is dropped.");
        }
    }
}
