using System.Buffers;
using System.Buffers.Binary;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Messages over a stream to another machine, each behind a frame's head: its length (4 bytes, little-endian), its kind (1 byte), 3 zeros.</summary>
/// <remarks>
/// A peer is not trusted: memory grows with the bytes that have come, not with those that are announced, and after a head that is none nothing more is taken.
/// While a message does not go because the peer takes nothing, what the peer sends is taken in, so that two that send each other large messages at once both get on.
/// After an Os.Fork it is of use in the process that made it only, and closing it in the other leaves it alone: two that read one stream would each get parts of messages.
/// </remarks>
internal sealed class TcpTransport : Transport
{
    private const int HeadLength = 8;
    private const int LargestBody = 0x7FFFFFC7; // Array.MaxLength
    private const int FirstBody = 64 * 1024;
    private const int SmallSend = 16 * 1024;
    private const int MostTakenInWhileSending = 64 * 1024 * 1024; // and one message more, or half of one would wait for the other half for ever
    private const int FrameCost = HeadLength + 64; // of memory beside the body: the smallest array, and its place in the queue
    private const int MostReadAway = 16 * 1024 * 1024; // more than a receive buffer holds; a peer that sends on and on holds nobody up

    private readonly SafeDescriptorHandle _socket;
    private readonly ReadySignal _signal; // readable while there are whole messages in memory, or the end
    private readonly Lock _receiving = new(); // held for tries only, which do not wait
    private readonly Queue<Frame> _frames = new();
    private readonly byte[] _incoming = new byte[16 * 1024];
    private readonly byte[] _outgoing = new byte[HeadLength + SmallSend];
    private readonly SendProgress _progress = new(); // the connection lets one sender in at a time
    private readonly int _process = Environment.ProcessId;
    private int _start;
    private int _end;
    private Frame _current; // whose body is coming in
    private long _taken; // by whole messages in memory, with what each costs
    private Func<Exception>? _last; // what to throw when all messages are received
    private bool _isCut;
    private volatile bool _isClosed;

    /// <summary>Takes over a connected socket; if it throws, the socket is still the caller's.</summary>
    internal TcpTransport(SafeDescriptorHandle socket)
    {
        _socket = socket;
        Os.SetSocketOption(socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1);

        // A peer whose machine is gone says nothing any more: found out after two minutes, instead of never.
        Os.SetSocketOption(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE, 1);
        Os.SetSocketOption(socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_KEEPIDLE, 60);
        Os.SetSocketOption(socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_KEEPINTVL, 15);
        Os.SetSocketOption(socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_KEEPCNT, 4);
        _signal = new ReadySignal();
    }

    internal override SafeDescriptorHandle Descriptor => _socket;

    internal override SafeDescriptorHandle Signal => _signal.Descriptor;

    internal override bool IsAtomic => false;

    /// <summary>Takes in what has come to find out: half a message is none.</summary>
    internal override bool HasBuffered
    {
        get
        {
            RefuseAfterFork();
            lock (_receiving)
            {
                ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
                TakeIn(untilOne: true);
                UpdateSignal();
                return HasNext;
            }
        }
    }

    private bool HasNext => _frames.Count > 0 || _last is not null;

    internal override bool TrySend(MessageKind kind, ReadOnlySpan<byte> body, ReadOnlySpan<SafeDescriptorHandle> descriptors, ref PendingSend pending)
    {
        if (!descriptors.IsEmpty)
        {
            throw new NotSupportedException("A connection over TCP leads to another machine, where descriptors mean nothing: handles, connections and queues cannot be sent through it.");
        }

        RefuseAfterFork();
        ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
        if (_isCut)
        {
            throw new PosixException("send", Errno.EPIPE).WithAdvice("an earlier message was given up halfway, after which nothing can be sent any more");
        }

        if (pending.Progress is null)
        {
            _progress.Sent = 0;
            pending.Progress = _progress;
        }

        try
        {
            if (GoOnSending(kind, body))
            {
                pending = default;
                return true;
            }
        }
        catch (PosixException exception) when (_isClosed)
        {
            pending = default;
            throw new ObjectDisposedException("The connection was closed meanwhile.", exception); // which shut the stream before the socket
        }
        catch (PosixException exception) when (exception.Errno == Errno.ECONNRESET)
        {
            pending = default;
            throw new PosixException("send", Errno.EPIPE); // that it sent something first makes no difference to who sends now
        }
        catch
        {
            GiveUp(ref pending);
            throw;
        }

        bool takesIn;
        lock (_receiving)
        {
            TakeIn(untilOne: false);
            UpdateSignal();
            takesIn = TakesInWhileSending;
        }

        pending.Descriptor = _socket;
        pending.Events = takesIn ? PollEvents.Writable | PollEvents.Readable : PollEvents.Writable;
        return false;
    }

    internal override void GiveUp(ref PendingSend pending)
    {
        if (pending.Progress is SendProgress { Sent: > 0 })
        {
            _isCut = true;
            try
            {
                Os.Shutdown(_socket, ShutdownHow.Send); // the peer sees the end in the middle of the message
            }
            catch (Exception exception) when (exception is PosixException or ObjectDisposedException)
            {
                // It is broken or closed anyway.
            }
        }

        pending = default;
    }

    internal override bool TryReceive(out Incoming message)
    {
        RefuseAfterFork();
        lock (_receiving)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
            TakeIn(untilOne: true);
            message = default;
            if (_frames.TryDequeue(out Frame frame))
            {
                _taken -= FrameCost + frame.Length;
                TakeIn(untilOne: true, fromMemory: true);
                UpdateSignal();
                if (frame.Kind is not (MessageKind.Value or MessageKind.Bytes))
                {
                    byte kind = (byte)frame.Kind;
                    frame.Return();
                    throw new InvalidDataException($"A message of the unknown kind {kind} came.");
                }

                message = new Incoming(frame.Kind, frame.Body!.AsMemory(0, frame.Length), isTrusted: false, pooled: frame.Body);
                return true;
            }

            UpdateSignal();
            return _last is null ? false : throw _last();
        }
    }

    internal override void Depart(WireWriter writer)
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
        throw new RefusedException(typeof(Connection), new Refusal("it goes over TCP, so both processes would share one stream, and each could get half of a message", "let that process connect by itself"));
    }

    public override void Dispose()
    {
        _isClosed = true;
        lock (_receiving)
        {
            if (_process == Environment.ProcessId)
            {
                EndStream();
            }

            _signal.Dispose();
            _socket.Dispose();
            while (_frames.TryDequeue(out Frame frame))
            {
                frame.Return();
            }

            _current.Return();
            _current = default;
        }
    }

    /// <summary>
    /// A socket that is closed with bytes unread resets the connection, and the system throws away what was sent last and is not at the peer yet. So they are read away. What comes
    /// between this and the close, or after it, still does that; only waiting for the peer's own end would help, and a close does not wait.
    /// </summary>
    private void EndStream()
    {
        try
        {
            Os.Shutdown(_socket, ShutdownHow.Send);
            for (int read = 0; read < MostReadAway && Os.TryReceive(_socket, _incoming, out int count) && count > 0; read += count)
            {
            }
        }
        catch (PosixException)
        {
            // It is broken already.
        }
    }

    private void RefuseAfterFork()
    {
        if (_process != Environment.ProcessId)
        {
            throw new InvalidOperationException("This connection over TCP belongs to the process that was forked: both would share one stream, and each could get half of a message. Let this process connect by itself.");
        }
    }

    /// <returns>Whether all of the message has gone.</returns>
    private bool GoOnSending(MessageKind kind, ReadOnlySpan<byte> body)
    {
        // In one piece if it is small; of a large one the first bytes go with the head.
        int first = Math.Min(body.Length, SmallSend);
        Span<byte> head = _outgoing.AsSpan(0, HeadLength + first);
        if (_progress.Sent == 0)
        {
            head[..HeadLength].Clear();
            BinaryPrimitives.WriteInt32LittleEndian(head, body.Length);
            head[4] = (byte)kind;
            body[..first].CopyTo(head[HeadLength..]);
        }

        while (_progress.Sent < HeadLength + body.Length)
        {
            ReadOnlySpan<byte> rest = _progress.Sent < head.Length ? head[(int)_progress.Sent..] : body[(int)(_progress.Sent - HeadLength)..];
            if (!Os.TrySend(_socket, rest, out int sent))
            {
                return false;
            }

            _progress.Sent += sent;
        }

        return true;
    }

    private bool TakesInWhileSending => _last is null && (_taken < MostTakenInWhileSending || (_frames.Count == 0 && _current.Body is not null));

    /// <summary>Takes in what has come, without waiting.</summary>
    /// <param name="untilOne">Only until there is one whole message; else as much as there is and may be.</param>
    /// <param name="fromMemory">Only from what is in memory already.</param>
    private void TakeIn(bool untilOne, bool fromMemory = false)
    {
        while (_last is null && (untilOne ? _frames.Count == 0 : TakesInWhileSending))
        {
            if (!Parse() && (fromMemory || !Receive()))
            {
                return;
            }
        }
    }

    /// <summary>Makes as much of a message as is in memory.</summary>
    /// <returns>False: more must come first.</returns>
    private bool Parse()
    {
        if (_current.Body is null)
        {
            if (_end - _start < HeadLength)
            {
                return false;
            }

            ReadOnlySpan<byte> head = _incoming.AsSpan(_start, HeadLength);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(head);
            if (length > LargestBody || head[5..].ContainsAnyExcept((byte)0))
            {
                End(() => new InvalidDataException("What came over TCP is no message. Where the next one begins is not known, so the connection is of no more use; close it."));
                return true;
            }

            _current = new Frame((MessageKind)head[4], (int)length, ArrayPool<byte>.Shared.Rent(Math.Min((int)length, FirstBody)));
            _start += HeadLength;
        }

        int count = Math.Min(_end - _start, Math.Min(_current.Length, _current.Body!.Length) - _current.Filled);
        _incoming.AsSpan(_start, count).CopyTo(_current.Body.AsSpan(_current.Filled));
        _start += count;
        _current.Filled += count;
        if (_current.Filled < _current.Length)
        {
            return false;
        }

        _frames.Enqueue(_current);
        _taken += FrameCost + _current.Length;
        _current = default;
        return true;
    }

    /// <returns>False: nothing is there now.</returns>
    private bool Receive()
    {
        // Into the body itself, once the memory between is empty and much of it is still to come.
        bool direct = _current.Body is not null && _start == _end;
        Span<byte> room = direct ? _current.Room() : FreeMemory();
        int count;
        try
        {
            if (!Os.TryReceive(_socket, room, out count))
            {
                return false;
            }
        }
        catch (PosixException exception)
        {
            End(() => new EndOfStreamException($"The connection is broken: {exception.Message}", exception));
            return true;
        }

        if (count == 0)
        {
            bool within = _current.Body is not null || _start < _end;
            End(() => new EndOfStreamException(within ? "The other end of the connection is gone, in the middle of a message." : "The other end of the connection is closed."));
            return true;
        }

        if (direct)
        {
            _current.Filled += count;
        }
        else
        {
            _end += count;
        }

        return true;
    }

    private Span<byte> FreeMemory()
    {
        _incoming.AsSpan(_start, _end - _start).CopyTo(_incoming); // less than a head, or nothing
        (_start, _end) = (0, _end - _start);
        return _incoming.AsSpan(_end);
    }

    private void End(Func<Exception> last)
    {
        _last = last;
        _current.Return();
        _current = default;
        (_start, _end) = (0, 0);
    }

    /// <summary>Wakes those who wait for something to receive, where it is in memory and the socket would not tell; and no longer, when it is not.</summary>
    private void UpdateSignal()
    {
        try
        {
            _signal.Set(HasNext);
        }
        catch (ObjectDisposedException)
        {
            // Closed meanwhile; nobody waits any more.
        }
    }

    private sealed class SendProgress
    {
        /// <summary>Bytes, of head and body together.</summary>
        internal long Sent { get; set; }
    }

    /// <summary>A message that is coming in, or has come.</summary>
    private struct Frame(MessageKind kind, int length, byte[] body)
    {
        internal readonly MessageKind Kind => kind;

        internal readonly int Length => length;

        internal byte[]? Body { get; private set; } = body;

        internal int Filled { get; set; }

        /// <summary>Where the next bytes go; grows with what has come.</summary>
        internal Span<byte> Room()
        {
            if (Filled == Body!.Length)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, Filled * 2L));
                Body.AsSpan(0, Filled).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(Body);
                Body = larger;
            }

            return Body.AsSpan(Filled, Math.Min(length, Body.Length) - Filled);
        }

        internal void Return()
        {
            if (Body is not null)
            {
                ArrayPool<byte>.Shared.Return(Body);
                Body = null;
            }
        }
    }
}
