using System.Buffers;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.Intrinsics.X86;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>
/// Messages through shared memory that the receiver watches for a while before it sleeps. It saves both sides the system calls; the
/// socket beside it carries what is long, what takes descriptors along or names types, wakes sleepers, and tells of the end.
/// </summary>
/// <remarks>
/// <para>
/// Order: each message in the ring says how many went over the socket before it. So the receiver takes from the ring as long as that number is the one that it has received from the socket; a
/// message from the socket waits (<see cref="_held"/>) while the ring has one that was sent before it.
/// </para>
/// <para>
/// Sleep: the receiver says in the ring that it sleeps, then looks once more; the sender puts, then looks whether it sleeps (a full fence between the two on either side), and if so rings by an
/// empty packet. If it is killed before that, its end of the socket closes, which wakes the receiver as well, and what lies in the ring is received before the end is told.
/// While anybody waits at the socket (<see cref="BeginWait"/>), nobody says in the ring that it is watched: or the others would sleep through what is put there.
/// </para>
/// </remarks>
internal sealed class SpinTransport : Transport
{
    private const int Looks = 32;

    /// <summary>After so many times <see cref="Looks"/>, about 20 microseconds, a sender that runs would have been heard of: it may need this processor.</summary>
    private const int RoundsAlone = 32;

    private static readonly TimeSpan s_longestSpin = TimeSpan.FromSeconds(1);

    private readonly LocalTransport _socket;
    private readonly SafeDescriptorHandle _file;
    private readonly SafeMappedMemoryHandle _memory;
    private readonly SpinRing _outgoing;
    private readonly SpinRing _incoming;
    private readonly TimeSpan _spinTime;
    private readonly bool _isLeft;
    private readonly Lock _sending = new();
    private readonly Lock _receiving = new();
    private Incoming? _held;
    private Exception? _refused; // in the place of a message that came over the socket and is lost
    private int _waiting;
    private uint _fromSocket;
    private volatile bool _isClosed;

    private SpinTransport(LocalTransport socket, SafeDescriptorHandle file, bool isLeft, TimeSpan spinTime)
    {
        _socket = socket;
        _file = file;
        _isLeft = isLeft;
        _spinTime = spinTime;
        _memory = Os.Mmap(file, 2 * SpinRing.Length, MemoryProtection.Read | MemoryProtection.Write, MapFlags.Shared);
        _outgoing = new SpinRing(_memory, isLeft ? 0 : SpinRing.Length);
        _incoming = new SpinRing(_memory, isLeft ? SpinRing.Length : 0);
    }

    internal override SafeDescriptorHandle Descriptor => _socket.Descriptor;

    internal override bool IsAtomic => true;

    /// <summary>It may be a bell that was rung for a message which is received already.</summary>
    internal override bool IsReadableWithMessageOnly => false;

    /// <summary>Takes old bells off the socket, so that it is readable no longer when there is nothing.</summary>
    internal override bool HasBuffered
    {
        get
        {
            lock (_receiving)
            {
                Enter(_incoming, sends: false);
                try
                {
                    return IsThereOne || HoldFromSocket();
                }
                catch (Exception exception) when (exception is EndOfStreamException or PosixException)
                {
                    return true; // whoever receives is told
                }
            }
        }
    }

    /// <summary>The processor's own, which is shorter than <see cref="Thread.SpinWait"/> can be.</summary>
    private static void Pause()
    {
        if (X86Base.IsSupported)
        {
            X86Base.Pause();
        }
        else
        {
            Thread.SpinWait(1);
        }
    }

    private bool IsThereOne => _incoming.Has(_fromSocket) || _held is not null || _refused is not null;

    internal static (SpinTransport Left, SpinTransport Right) CreatePair(TimeSpan spinTime)
    {
        (LocalTransport left, LocalTransport right) = LocalTransport.CreatePair();
        SafeDescriptorHandle? file = null;
        SafeDescriptorHandle? second = null;
        try
        {
            file = Os.MemFdCreate("multiprocessing-spin", MemFdFlags.AllowSealing);
            Os.Ftruncate(file, 2 * SpinRing.Length);
            Os.AddSeals(file, SealFlags.Shrink | SealFlags.Grow | SealFlags.Seal); // or the other process could make an access here a SIGBUS
            second = Os.Dup(file);
            return (new SpinTransport(left, file, isLeft: true, spinTime), new SpinTransport(right, second, isLeft: false, spinTime));
        }
        catch
        {
            left.Dispose();
            right.Dispose();
            file?.Dispose();
            second?.Dispose();
            throw;
        }
    }

    internal override bool TrySend(MessageKind kind, ReadOnlySpan<byte> body, ReadOnlySpan<SafeDescriptorHandle> descriptors, ref PendingSend pending)
    {
        lock (_sending)
        {
            Enter(_outgoing, sends: true);
            if (FitsRing(kind, body) && descriptors.IsEmpty && !_outgoing.IsSleeping && _outgoing.TryPut(kind, body))
            {
                if (_outgoing.IsSleeping)
                {
                    Ring();
                }

                return true;
            }

            if (!_socket.TrySend(kind, body, descriptors, ref pending))
            {
                return false;
            }

            _outgoing.SocketCount++;
            return true;
        }
    }

    internal override void GiveUp(ref PendingSend pending) => _socket.GiveUp(ref pending);

    internal override bool BeginWait()
    {
        Interlocked.Increment(ref _waiting); // whoever spins sees it, and lets this thread in
        try
        {
            lock (_receiving)
            {
                Enter(_incoming, sends: false);
                return !FallAsleep();
            }
        }
        catch
        {
            EndWait();
            throw;
        }
    }

    internal override void EndWait() => Interlocked.Decrement(ref _waiting);

    internal override bool TryReceive(out Incoming message)
    {
        lock (_receiving)
        {
            Enter(_incoming, sends: false);
            if (_incoming.IsSleeping && Volatile.Read(ref _waiting) == 0)
            {
                _incoming.IsSleeping = false;
            }

            long start = 0;
            for (int round = 0; ; round++)
            {
                for (int i = 0; i < Looks; i++)
                {
                    if (_incoming.Has(_fromSocket))
                    {
                        message = TakeFromRing();
                        return true;
                    }

                    if (_held is { } held)
                    {
                        _held = null;
                        _fromSocket++;
                        message = held;
                        return true;
                    }

                    if (_refused is { } refused)
                    {
                        _refused = null;
                        _fromSocket++;
                        ExceptionDispatchInfo.Throw(refused);
                    }

                    if (_incoming.SocketCount != _fromSocket)
                    {
                        break;
                    }

                    Pause();
                }

                start = start == 0 ? Stopwatch.GetTimestamp() : start;
                bool isOver = Stopwatch.GetElapsedTime(start) >= _spinTime || _isClosed || Volatile.Read(ref _waiting) > 0;
                if ((isOver || _incoming.SocketCount != _fromSocket) && !HoldFromSocket() && isOver && FallAsleep())
                {
                    ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
                    message = default;
                    return false;
                }

                if (round >= RoundsAlone)
                {
                    Thread.Yield();
                }
            }
        }
    }

    internal override void Depart(WireWriter writer)
    {
        lock (_sending)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
            if (!_incoming.IsFree(sends: false) || !_outgoing.IsFree(sends: true))
            {
                throw new RefusedException(typeof(Connection), new Refusal("this end of a spinning pipe has been used, so it stays in this process", "pass it on before the first message, or use a pipe that does not spin"));
            }

            writer.Byte((byte)Kind.Spin);
            writer.Bool(_isLeft);
            writer.Unmanaged(_spinTime.Ticks);
            writer.Attach(_file);
            _socket.Depart(writer);
        }
    }

    internal static SpinTransport ArriveSpinning(ref WireReader reader)
    {
        bool isLeft = reader.Bool();
        TimeSpan spinTime = new(reader.Unmanaged<long>());
        if (spinTime < TimeSpan.Zero || spinTime > s_longestSpin)
        {
            throw new InvalidDataException($"A spinning pipe of the message spins for {spinTime}; a second is the most.");
        }

        SafeDescriptorHandle file = reader.Descriptor();
        LocalTransport? socket = null;
        try
        {
            socket = Arrive(ref reader) as LocalTransport ?? throw new InvalidDataException("A spinning pipe has no socket.");
            if (!Os.GetSeals(file).HasFlag(SealFlags.Shrink) || Os.Lseek(file, 0, SeekOrigin.End) < 2 * SpinRing.Length)
            {
                throw new InvalidDataException("The memory of a spinning pipe is too small, or may become so.");
            }

            return new SpinTransport(socket, file, isLeft, spinTime);
        }
        catch
        {
            file.Dispose();
            socket?.Dispose();
            throw;
        }
    }

    /// <summary>Whoever is in there, at most a spin long, goes first: the memory is unmapped here.</summary>
    public override void Dispose()
    {
        _isClosed = true;
        lock (_sending)
        {
            lock (_receiving)
            {
                _held?.Dispose();
                _held = null;
                _socket.Dispose();
                _file.Dispose();
                _memory.Dispose();
            }
        }
    }

    /// <summary>Types are named over the socket only, where the kernel says by whom.</summary>
    private static bool FitsRing(MessageKind kind, ReadOnlySpan<byte> body) =>
        body.Length <= SpinRing.MaximumBody && (kind == MessageKind.Bytes || (kind == MessageKind.Value && ValueSerializer.NamesNoTypes(body)));

    private void Enter(SpinRing ring, bool sends)
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
        ring.Claim(sends);
    }

    private Incoming TakeFromRing()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(SpinRing.MaximumBody);
        try
        {
            int length = _incoming.Take(buffer, out MessageKind kind);
            return FitsRing(kind, buffer.AsSpan(0, length))
                ? new Incoming(kind, buffer.AsMemory(0, length), isTrusted: true, pooled: buffer)
                : throw new InvalidDataException("A message came through shared memory that should have come over the socket.");
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>Looks at the socket, when nothing from there is held.</summary>
    /// <returns>Whether something is to be received now, from there or from the ring.</returns>
    private bool HoldFromSocket()
    {
        do
        {
            try
            {
                if (!_socket.TryReceive(out Incoming message))
                {
                    return false;
                }

                if (message.Kind != MessageKind.Bell)
                {
                    _held = message;
                    return true;
                }

                message.Dispose();
            }
            catch (EndOfStreamException) when (_incoming.Has(_fromSocket))
            {
                return true; // the end comes again when the ring is empty
            }
            catch (Exception exception) when (exception is not (EndOfStreamException or ObjectDisposedException or PosixException))
            {
                _refused = exception; // the message is gone, and counts: what the ring has from after it would never come otherwise
                return true;
            }
        }
        while (!_incoming.Has(_fromSocket));
        return true;
    }

    /// <returns>False: something has come meanwhile.</returns>
    private bool FallAsleep()
    {
        _incoming.IsSleeping = true;
        Interlocked.MemoryBarrier();
        return !IsThereOne;
    }

    private void Ring()
    {
        PendingSend pending = default;
        try
        {
            if (!_socket.TrySend(MessageKind.Bell, [], [], ref pending))
            {
                _socket.GiveUp(ref pending); // the socket is full: there is enough to wake the receiver
            }
        }
        catch (PosixException)
        {
            // The receiver has ended; the next message that goes over the socket says so.
        }
    }
}
