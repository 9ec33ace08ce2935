using System.Diagnostics;
using System.Net;
using Multiprocessing.Posix;

namespace Multiprocessing;

// To a listener.
public sealed partial class Connection
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Connects to a <see cref="ConnectionListener"/>, and waits until both sides have proved themselves.</summary>
    /// <param name="address">Its <see cref="ConnectionListener.Address"/>: "unix:PATH", "unix:@NAME" or "tcp:HOST:PORT".</param>
    /// <param name="authKey">
    /// The key that the listener was given; an empty one is one. Null: for a local address none, and the listener must run as this process's own user and group, or as root; for TCP that of the
    /// application (<see cref="ProcessIdentity.AuthKey"/>).
    /// </param>
    /// <returns>
    /// A connection that sends and receives. What comes through it is made only of types that the receiver asks for or has registered (<see cref="AllowType{T}"/>).
    /// </returns>
    /// <remarks>The listener need not have called Accept. Nothing of the key is sent. What goes over TCP is not encrypted.</remarks>
    /// <exception cref="ArgumentException">The address is none.</exception>
    /// <exception cref="ConnectionAuthenticationException">The two have different keys, or one has none, or another user; or no listener of this library is there.</exception>
    /// <exception cref="PosixException">ENOENT: there is no such file; ECONNREFUSED: nobody listens there; EACCES, EHOSTUNREACH, …</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The name of the host is not known.</exception>
    /// <exception cref="EndOfStreamException">The listener was closed meanwhile.</exception>
    /// <exception cref="TimeoutException">The listener did not answer for half a minute: its process is stopped, or too many clients wait for it to accept them.</exception>
    public static Connection Connect(string address, byte[]? authKey = null)
    {
        ConnectionAddress where = ConnectionAddress.Parse(address);
        return new Attempt(where, authKey).Run(where.Resolve());
    }

    /// <inheritdoc cref="Connect"/>
    /// <param name="address">Its address.</param>
    /// <param name="authKey">The key, or null.</param>
    /// <param name="cancellationToken">Gives up; the listener may have seen this client by then.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async ValueTask<Connection> ConnectAsync(string address, byte[]? authKey = null, CancellationToken cancellationToken = default)
    {
        ConnectionAddress where = ConnectionAddress.Parse(address);
        cancellationToken.ThrowIfCancellationRequested();
        EndPoint[] endPoints = await where.ResolveAsync(cancellationToken).ConfigureAwait(false);
        return await new Attempt(where, authKey).RunAsync(endPoints, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Connecting, in steps between which somebody waits: a thread, or nobody.</summary>
    private sealed class Attempt(ConnectionAddress address, byte[]? authKey)
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly byte[]? _key = authKey is not null ? [.. authKey] : address.IsLocal ? null : [.. ProcessIdentity.CurrentKey];
        private SafeDescriptorHandle _socket = null!;
        private TimeSpan _pause = TimeSpan.FromMilliseconds(1);
        private bool _done;

        internal Connection Run(EndPoint[] endPoints)
        {
            try
            {
                foreach (PollEvents events in Steps(endPoints))
                {
                    TimeSpan left = Left();
                    if (events == PollEvents.None)
                    {
                        Thread.Sleep(NextPause());
                    }
                    else
                    {
                        Os.Poll(_socket, events, left);
                    }
                }

                return Connected();
            }
            finally
            {
                End();
            }
        }

        internal async ValueTask<Connection> RunAsync(EndPoint[] endPoints, CancellationToken cancellationToken)
        {
            try
            {
                foreach (PollEvents events in Steps(endPoints))
                {
                    TimeSpan left = Left();
                    if (events == PollEvents.None)
                    {
                        await Task.Delay(NextPause(), cancellationToken).ConfigureAwait(false);
                        continue;
                    }

                    using WaitSet set = new();
                    set.Add(_socket, events);
                    using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    limit.CancelAfter(left);
                    try
                    {
                        await set.WaitAsync(limit.Token).ConfigureAwait(false);
                    }
                    catch (OperationCanceledException)
                    {
                        cancellationToken.ThrowIfCancellationRequested(); // else the time is up, which the next step says
                    }
                }

                return Connected();
            }
            finally
            {
                End();
            }
        }

        /// <summary>What to wait for on the socket before the next step; nothing: a little while.</summary>
        private IEnumerable<PollEvents> Steps(EndPoint[] endPoints)
        {
            PosixException? refusal = null;
            foreach (EndPoint endPoint in endPoints)
            {
                _socket?.Dispose();
                _socket = ListeningSocket.NewSocket(address, endPoint);
                refusal = TryConnect(endPoint);
                while (refusal?.Errno == Errno.EAGAIN)
                {
                    // A local listener has too many clients waiting. Nothing polls ready when there is room again; connect(2) itself could wait for it, but
                    // only by blocking a thread for each client, and where nobody can cancel it. So: again, after a pause that grows to 50 ms.
                    yield return PollEvents.None;
                    refusal = TryConnect(endPoint);
                }

                if (refusal?.Errno == Errno.EINPROGRESS)
                {
                    yield return PollEvents.Writable;
                    while (Os.Poll(_socket, PollEvents.Writable, TimeSpan.Zero) == PollEvents.None)
                    {
                        yield return PollEvents.Writable;
                    }

                    int error = Os.GetSocketError(_socket);
                    refusal = error == 0 ? null : new PosixException("connect", error, address.ToString());
                }

                if (refusal is null)
                {
                    break;
                }
            }

            if (refusal is not null)
            {
                throw refusal;
            }

            CheckUser();
            using ClientHandshake handshake = new(_socket, address, _key, ownKey: authKey is null);
            while (!Advance(handshake))
            {
                yield return PollEvents.Readable;
            }
        }

        /// <summary>Without a key, the kernel's word is all that tells who listens: anybody may have taken the name.</summary>
        private void CheckUser()
        {
            if (address.IsLocal && _key is null)
            {
                PeerCredentials listener = Os.GetPeerCredentials(_socket);
                if (!SenderTrust.Of(listener))
                {
                    throw new ConnectionAuthenticationException($"At {address} a process of another user or group listens (uid {listener.Uid}, gid {listener.Gid}); if that is meant, give both sides a key.");
                }
            }
        }

        private bool Advance(ClientHandshake handshake)
        {
            try
            {
                return handshake.Advance();
            }
            catch (PosixException exception) when (exception.Errno is Errno.ECONNRESET or Errno.EPIPE)
            {
                throw Gone(exception);
            }
            catch (EndOfStreamException exception)
            {
                throw Gone(exception);
            }
        }

        private EndOfStreamException Gone(Exception inner) =>
            new($"The listener at {address} closed the connection before the handshake was done: it was closed or its process ended, or it had too many clients at once.", inner);

        private PosixException? TryConnect(EndPoint endPoint)
        {
            try
            {
                Os.Connect(_socket, endPoint);
                return null;
            }
            catch (PosixException exception)
            {
                return exception;
            }
        }

        private TimeSpan Left()
        {
            TimeSpan left = s_patience - Stopwatch.GetElapsedTime(_start);
            return left > TimeSpan.Zero
                ? left
                : throw new TimeoutException($"The listener at {address} did not answer for {s_patience.TotalSeconds} s: its process is stopped, or too many clients wait for it to accept them.");
        }

        private TimeSpan NextPause() => _pause = TimeSpan.FromMilliseconds(Math.Min(_pause.TotalMilliseconds * 2, 50));

        private Connection Connected()
        {
            Connection connection = ConnectionListener.ConnectionOf(_socket, address);
            _done = true;
            return connection;
        }

        private void End()
        {
            if (!_done)
            {
                _socket?.Dispose();
            }

            System.Security.Cryptography.CryptographicOperations.ZeroMemory(_key);
        }
    }
}
