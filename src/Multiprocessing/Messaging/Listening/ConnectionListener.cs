using System.Diagnostics;
using System.Security.Cryptography;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Where other processes connect to this one, by <see cref="Connection.Connect"/>.</summary>
/// <remarks>
/// Clients are taken in and checked in the background, all side by side, whether or not somebody waits in <see cref="Accept"/>: one that is silent, slow or hostile
/// holds up no other. A client has five seconds to prove itself, and a hundred bytes; of those that have not yet, one drawn by lot gives way when there are too many.
/// Safe for use by several threads. It lives until it is disposed, also when nothing refers to it any more.
/// </remarks>
public sealed class ConnectionListener : IDisposable, IWaitable
{
    private const int MostCandidates = 64;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly ListeningSocket _listening;
    private readonly byte[]? _key;
    private readonly int _backlog;
    private readonly List<Candidate> _candidates = []; // the oldest first
    private readonly Queue<SafeDescriptorHandle> _clients = new();
    private readonly SemaphoreSlim _accepting = new(1); // of the async calls one waits for a client, and the others for their turn, so that a client wakes one of them
    private readonly ReadySignal _signal; // readable while a call of Accept has something to return or to throw
    private readonly Timer _deadline;
    private ReadinessWatcher.Registration? _watch; // null while no more clients are taken in
    private PosixException? _failure;
    private bool _closed;

    /// <summary>Listens from now on: a client may connect before <see cref="Accept"/> is called.</summary>
    /// <param name="address">
    /// "unix:PATH" or, without a file, "unix:@NAME" for processes of this machine; "tcp:HOST:PORT" for others, port 0 for any that is free, an IPv6 address in brackets.
    /// Null: a fresh local one, which leaves nothing behind.
    /// </param>
    /// <param name="authKey">
    /// What clients must know, and this listener proves to them that it knows; an empty one is one. Null: for a local address none, since the system tells the user of each client;
    /// for TCP that of the application (<see cref="ProcessIdentity.AuthKey"/>).
    /// </param>
    /// <param name="backlog">How many clients that have proved themselves may wait to be accepted, more than 0; others wait until there is room.</param>
    /// <remarks>A local address serves only processes of this process's own user and group, and root, whatever the key; its file has the mode 0600 from its first instant.</remarks>
    /// <exception cref="ArgumentException">The address is none.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The backlog is not positive.</exception>
    /// <exception cref="PosixException">
    /// EADDRINUSE: somebody listens there, or a file of that name exists, maybe one left by a process that was killed (the message says which); EACCES, EADDRNOTAVAIL, EMFILE, …
    /// </exception>
    /// <exception cref="System.Net.Sockets.SocketException">The name of the host is not known.</exception>
    public ConnectionListener(string? address = null, byte[]? authKey = null, int backlog = 16)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(backlog);
        ConnectionAddress where = address is null ? ConnectionAddress.Fresh() : ConnectionAddress.Parse(address);
        _key = authKey is not null ? [.. authKey] : where.IsLocal ? null : [.. ProcessIdentity.CurrentKey]; // zeros in the end
        _backlog = backlog;
        if (_key is not null)
        {
            ListenerHandshake.Prepare(_key);
        }

        _signal = new ReadySignal();
        _deadline = new Timer(_ => DropLate());
        ListeningSocket? listening = null;
        try
        {
            listening = _listening = ListeningSocket.Open(where);
            lock (_gate)
            {
                TakeIn();
                if (_failure is not null)
                {
                    throw _failure;
                }
            }
        }
        catch
        {
            listening?.Dispose();
            _deadline.Dispose();
            _signal.Dispose();
            throw;
        }
    }

    /// <summary>Where it listens, to be given to clients; a path is absolute, a port the real one.</summary>
    public string Address => _listening.Address.ToString();

    /// <summary>Waits for the next client that proved itself. Others are refused and passed over.</summary>
    /// <returns>
    /// A connection that sends and receives. What comes through it is made only of types that the receiver asks for or has registered
    /// (<see cref="Connection.AllowType{T}"/>). The client may have closed its end meanwhile; what it sent before is there.
    /// </returns>
    /// <exception cref="ObjectDisposedException">The listener is or was closed meanwhile.</exception>
    /// <exception cref="PosixException">EMFILE, ENFILE, ENOMEM: a client could not be taken in. It waits, and the next call tries again.</exception>
    public Connection Accept()
    {
        while (true)
        {
            if (TryTake() is { } connection)
            {
                return connection;
            }

            Os.Poll(_signal.Descriptor, PollEvents.Readable);
        }
    }

    /// <inheritdoc cref="Accept"/>
    /// <param name="cancellationToken">Ends the wait; no client is lost by it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async ValueTask<Connection> AcceptAsync(CancellationToken cancellationToken = default)
    {
        await _accepting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (TryTake() is { } connection)
                {
                    return connection;
                }

                using WaitSet set = new();
                set.Add(_signal.Descriptor);
                await set.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _accepting.Release(); // also when the listener was closed: the next finds that out, and so on
        }
    }

    /// <summary>Listens no longer, removes the file of a local address, and closes the clients that nobody has accepted. Calls that wait throw. A second call does nothing.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            StopTakingIn();
            while (_candidates.Count > 0)
            {
                Drop(_candidates[0]);
            }

            while (_clients.TryDequeue(out SafeDescriptorHandle? client))
            {
                client.Dispose();
            }

            Signal();
            _listening.Dispose();
            _signal.Dispose();
            _deadline.Dispose();
            if (_key is not null)
            {
                CryptographicOperations.ZeroMemory(_key);
            }
        }
    }

    void IWaitable.BeginWait(WaitSet set) => set.Add(_signal.Descriptor);

    bool IWaitable.IsReady(bool fired) => fired;

    void IWaitable.EndWait()
    {
    }

    private Connection? TryTake()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            try
            {
                if (_clients.TryPeek(out SafeDescriptorHandle? client))
                {
                    return TakeClient(client);
                }

                if (_failure is not null)
                {
                    // Again, now: there may be descriptors by this time, and the failure older than the call.
                    _failure = null;
                    TakeInOne();
                    TakeIn();
                }

                PosixException? failure = _failure;
                _failure = null;
                return failure is null ? null : throw failure;
            }
            finally
            {
                TakeIn();
                Signal();
            }
        }
    }

    private Connection TakeClient(SafeDescriptorHandle client)
    {
        Connection? connection = null;
        try
        {
            return connection = ConnectionOf(client, _listening.Address);
        }
        finally
        {
            // Where descriptors are short it stays, for the next call.
            if (connection is not null || client.IsClosed)
            {
                _clients.Dequeue();
            }
        }
    }

    /// <summary>Not trusted to name types, whoever it is: a process that one has started is, one that has found an address is not.</summary>
    /// <exception cref="PosixException">EMFILE, ENFILE, ENOMEM. The socket is still the caller's.</exception>
    internal static Connection ConnectionOf(SafeDescriptorHandle socket, ConnectionAddress address) =>
        new(address.IsLocal ? new LocalTransport(socket) : new TcpTransport(socket), canReceive: true, canSend: true, isTrustedPeer: false);

    /// <summary>Goes on taking in clients if there is room for them. The gate is held, as in everything below.</summary>
    private void TakeIn()
    {
        if (_watch is null && _failure is null && _clients.Count < _backlog)
        {
            try
            {
                _watch = ReadinessWatcher.OfConnections.Watch(_listening.Socket, OnClient);
            }
            catch (PosixException exception)
            {
                _failure = exception;
            }
        }
    }

    private void StopTakingIn()
    {
        _watch?.Dispose();
        _watch = null;
    }

    private void Signal() => _signal.Set(_closed || _clients.Count > 0 || _failure is not null);

    private void OnClient()
    {
        lock (_gate)
        {
            if (_watch is not null)
            {
                TakeInOne(); // and no more, so that the thread gets to others' business between two
                Signal();
            }
        }
    }

    private void TakeInOne()
    {
        try
        {
            Begin(Os.Accept(_listening.Socket, nonBlocking: true));
        }
        catch (PosixException exception) when (exception.Errno is Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS)
        {
            // The client stays in the queue, so the socket stays readable: no further try until somebody has been told.
            _failure = exception;
            StopTakingIn();
        }
        catch (PosixException)
        {
            // The client is gone already; see accept(2).
        }
    }

    private void Begin(SafeDescriptorHandle socket)
    {
        bool isLocal = _listening.Address.IsLocal;
        Candidate candidate = new(socket, new ListenerHandshake(socket, isStream: !isLocal, _key is null ? null : [.. _key]));
        _candidates.Add(candidate);
        if (_candidates.Count == 1)
        {
            _deadline.Change(s_patience, Timeout.InfiniteTimeSpan);
        }

        if (isLocal && !SenderTrust.Of(Os.GetPeerCredentials(socket)))
        {
            Try(candidate, () => candidate.Handshake.Refuse());
            Drop(candidate);
            return;
        }

        if (_candidates.Count > MostCandidates)
        {
            // By lot: were it the oldest, a flood would drop every honest client that needs longer than 64 others to arrive. So each has its chance, however small.
            Drop(_candidates[RandomNumberGenerator.GetInt32(MostCandidates)]);
        }

        GoOn(candidate);
        if (_candidates.Contains(candidate))
        {
            Try(candidate, () => candidate.Watch = ReadinessWatcher.OfConnections.Watch(socket, () => OnReadable(candidate)));
        }
    }

    private void OnReadable(Candidate candidate)
    {
        lock (_gate)
        {
            if (_candidates.Contains(candidate))
            {
                GoOn(candidate);
                Signal();
            }
        }
    }

    private void GoOn(Candidate candidate)
    {
        bool done = false;
        Try(candidate, () => done = candidate.Handshake.Advance());
        if (done)
        {
            candidate.Watch?.Dispose();
            candidate.Handshake.Dispose();
            _candidates.Remove(candidate);
            _clients.Enqueue(candidate.Socket);
            if (_clients.Count >= _backlog)
            {
                StopTakingIn();
            }
        }
    }

    /// <summary>Whatever goes wrong with one client is the end of that client alone.</summary>
    private void Try(Candidate candidate, Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or MultiprocessingException or InvalidDataException)
        {
            Drop(candidate);
        }
    }

    private void Drop(Candidate candidate)
    {
        if (_candidates.Remove(candidate))
        {
            candidate.Watch?.Dispose();
            candidate.Handshake.Dispose();
            candidate.Socket.Dispose();
        }
    }

    private void DropLate()
    {
        lock (_gate)
        {
            while (_candidates is [var oldest, ..] && !_closed)
            {
                TimeSpan left = s_patience - Stopwatch.GetElapsedTime(oldest.Since);
                if (left > TimeSpan.Zero)
                {
                    _deadline.Change(left, Timeout.InfiniteTimeSpan);
                    return;
                }

                Drop(oldest);
            }
        }
    }

    /// <summary>A client that has not proved itself yet.</summary>
    private sealed class Candidate(SafeDescriptorHandle socket, ListenerHandshake handshake)
    {
        internal SafeDescriptorHandle Socket => socket;

        internal ListenerHandshake Handshake => handshake;

        internal long Since { get; } = Stopwatch.GetTimestamp();

        internal ReadinessWatcher.Registration? Watch { get; set; }
    }
}
