using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>One end of a channel over which whole messages go, in order, to the other end.</summary>
/// <remarks>
/// <para>
/// Any number of threads and processes may send into one end and receive from one end, at the same time and without a lock: messages never mix (Python's
/// corrupt each other there), each is received once, by one of the receivers, and those of one sender arrive in the order in which it sent them.
/// Messages that wait are in the system's memory, so a process that is killed leaves whole messages or none.
/// Async sends go in the order of their calls; a Send, which waits by itself, may overtake a SendAsync that still waits.
/// </para>
/// <para>
/// A message is received as it was sent: Send and SendAsync with Receive and ReceiveAsync; SendBytes with ReceiveBytes and ReceiveView; SendHandle with ReceiveHandle.
/// Another way is an <see cref="InvalidDataException"/>; that one message is lost then, and the next can be received.
/// </para>
/// <para>
/// A receiver that finds nothing waits; a sender waits while too much is unreceived: about 200 KiB of small messages (less where there are many), or 64 MiB of messages of more than 64 KiB, but a
/// single message of any length goes without anybody receiving it. So two processes can send each other one long message at once.
/// Long messages go through memory that both processes map; up to 160 MiB of it is kept for the next until the connection is closed.
/// Of views that its receivers keep (<see cref="ReceiveView"/>), 4 GiB or 1,024, a sender waits too; of those of another user that connected here, sooner.
/// </para>
/// <para>
/// An end can be passed to another process: as an argument or captured variable of a child, or sent over another connection, also inside an array. It goes with its direction, and may be closed
/// here at once. After an Os.Fork both processes may use it. One over TCP stays with its process: it is passed to none, and a forked child may only close it.
/// All members may be called from several threads; none may be called from a signal handler that interrupts one.
/// </para>
/// </remarks>
public sealed partial class Connection : IDisposable
{
    // None is readonly: one that comes from another process is made without a constructor. See Arrive.
    private Transport _transport;
    private ConnectionWaits _waits;
    private bool _canReceive;
    private bool _canSend;
    private bool _isTrustedPeer;
    private Type[] _allowed = [];
    private Spin _spin;

    /// <summary>Takes over a transport.</summary>
    /// <param name="transport">What carries the messages; closed with the connection.</param>
    /// <param name="canReceive">Whether it may be received from.</param>
    /// <param name="canSend">Whether it may be sent to.</param>
    /// <param name="isTrustedPeer">
    /// Whether a peer may name any type, if the system says of its message that the sender has our own user and group or is root: so it is at the
    /// other end of a <see cref="Pipe"/>. False for whoever came through a listener.
    /// </param>
    internal Connection(Transport transport, bool canReceive, bool canSend, bool isTrustedPeer)
    {
        _transport = transport;
        _waits = new ConnectionWaits();
        _canReceive = canReceive;
        _canSend = canSend;
        _isTrustedPeer = isTrustedPeer;
    }

    /// <summary>Whether messages can be received here.</summary>
    public bool CanReceive => _canReceive;

    /// <summary>Whether messages can be sent here.</summary>
    public bool CanSend => _canSend;

    /// <summary>Whether this end was closed here. It says nothing of the other end.</summary>
    public bool IsClosed => _waits.IsClosed;

    internal Transport Transport => _transport;

    /// <summary>Closes this end in this process; copies in other processes stay open. Calls that wait end with an ObjectDisposedException. Views that were received stay valid. Closing again does nothing.</summary>
    public void Close()
    {
        if (_waits.Close())
        {
            _transport.Dispose();
        }
    }

    /// <summary>The same as <see cref="Close"/>.</summary>
    public void Dispose() => Close();

    /// <summary>
    /// Lets senders name a type, and those that it is made of, in their messages, beside the type that each call of Receive asks for. Needed only where the other end is not trusted to name any: one that came
    /// through a listener or by Connect, or that runs as another user.
    /// </summary>
    /// <typeparam name="T">A type that is safe to make from any contents.</typeparam>
    public void AllowType<T>()
    {
        Type[] before;
        Type[] after;
        do
        {
            before = _allowed;
            after = [.. before, .. TypeReference.PartsOf(typeof(T))];
        }
        while (Interlocked.CompareExchange(ref _allowed, after, before) != before);
    }

    /// <summary>Waits until a message can be received, or the other end is gone. Takes nothing off.</summary>
    /// <param name="timeout">How long; zero: not at all; <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <returns>False when the time ran out. True also at the end of the stream; and another receiver may take the message first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="InvalidOperationException">This end can only send.</exception>
    /// <exception cref="ObjectDisposedException">It is closed, or another thread closed it meanwhile.</exception>
    public bool Poll(TimeSpan timeout = default)
    {
        TimeSpan? limit = timeout == Timeout.InfiniteTimeSpan ? null : timeout;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit ?? TimeSpan.Zero, TimeSpan.Zero, nameof(timeout));
        RefuseUnlessReceiving();
        long start = limit > TimeSpan.Zero ? Stopwatch.GetTimestamp() : 0;
        bool fired = false;
        _transport.BeginWait();
        try
        {
            while (!HasMessage(fired))
            {
                TimeSpan? left = limit > TimeSpan.Zero ? limit - Stopwatch.GetElapsedTime(start) : limit;
                fired = left <= TimeSpan.Zero ? Os.Poll(_transport.Descriptor, PollEvents.Readable, TimeSpan.Zero) != PollEvents.None : _waits.Wait(_transport.Descriptor, PollEvents.Readable, _transport.Signal, left);
                if (!fired)
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            _transport.EndWait();
        }
    }

    private void SendNow(MessageKind kind, ReadOnlySpan<byte> body, ReadOnlySpan<SafeDescriptorHandle> descriptors, SharedBlock? block = null)
    {
        PendingSend pending = new() { Progress = block };
        bool alone = false;
        try
        {
            RefuseUnlessSending();
            if (!_transport.IsAtomic)
            {
                Enter(_waits.Sending);
                alone = true;
            }

            while (!_transport.TrySend(kind, body, descriptors, ref pending))
            {
                _waits.Wait(pending.Descriptor!, pending.Events);
            }
        }
        finally
        {
            _transport.GiveUp(ref pending); // where it went, nothing is pending
            if (alone)
            {
                _waits.Sending.Release();
            }
        }
    }

    private Incoming ReceiveNow()
    {
        RefuseUnlessReceiving();
        bool alone = !_transport.IsAtomic;
        if (alone)
        {
            Enter(_waits.Receiving);
        }

        try
        {
            int spins = 0;
            if (_spin.IsTooEarly)
            {
                Thread.Yield();
            }

            bool found = _transport.TryReceive(out Incoming message);
            _spin.LearnFirst(found);
            if (found)
            {
                return message;
            }

            long slept = 0;
            bool isThere = _transport.BeginWait();
            try
            {
                do
                {
                    if (!isThere && !_spin.Next(ref spins))
                    {
                        slept = slept == 0 ? Stopwatch.GetTimestamp() : slept;
                        _waits.Wait(_transport.Descriptor, PollEvents.Readable, _transport.Signal);
                    }

                    isThere = false;
                }
                while (!_transport.TryReceive(out message));
            }
            finally
            {
                _transport.EndWait();
            }

            _spin.Learn(slept);
            return message;
        }
        finally
        {
            if (alone)
            {
                _waits.Receiving.Release();
            }
        }
    }

    private void Enter(SemaphoreSlim gate)
    {
        try
        {
            gate.Wait(_waits.Closing.Token);
        }
        catch (OperationCanceledException)
        {
            ObjectDisposedException.ThrowIf(true, this);
        }
    }

    private void RefuseUnlessSending()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (!_canSend)
        {
            throw new InvalidOperationException("This end of the pipe can only receive; send into the other one, or make the pipe duplex.");
        }
    }

    private void RefuseUnlessReceiving()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (!_canReceive)
        {
            throw new InvalidOperationException("This end of the pipe can only send; receive from the other one, or make the pipe duplex.");
        }
    }
}
