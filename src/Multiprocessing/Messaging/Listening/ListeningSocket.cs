using System.Net;
using System.Net.Sockets;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A socket that others connect to, and the file of a local one, which goes with it.</summary>
/// <remarks>
/// Killed between bind and the end, the process leaves the file of a "unix:PATH" behind, to which nobody can connect any more. It is not removed by the next that binds, for
/// no look can tell for certain that it is not just being bound by another.
/// </remarks>
internal sealed class ListeningSocket : IDisposable
{
    // Those who are not taken in yet. When it is full, TCP lets a client believe that it is connected, and forgets it for seconds: so it is not small.
    private const int SystemBacklog = 128;

    private readonly FileIdentity _file;
    private readonly int _process = Environment.ProcessId; // after an Os.Fork the file stays the parent's

    private ListeningSocket(SafeDescriptorHandle socket, ConnectionAddress address, FileIdentity file)
    {
        Socket = socket;
        Address = address;
        _file = file;
    }

    internal SafeDescriptorHandle Socket { get; }

    /// <summary>With the port that the system chose.</summary>
    internal ConnectionAddress Address { get; }

    private bool HasFile => Address.IsLocal && !Address.IsAbstract;

    /// <exception cref="PosixException">EADDRINUSE, EACCES, EADDRNOTAVAIL, …</exception>
    /// <exception cref="SocketException">The name of the host is not known.</exception>
    internal static ListeningSocket Open(ConnectionAddress address)
    {
        EndPoint endPoint = address.Resolve()[0];
        SafeDescriptorHandle socket = NewSocket(address, endPoint);
        ListeningSocket? bound = null;
        try
        {
            if (address.IsLocal)
            {
                // Before bind, which gives the file the socket's own bits (less the umask): it is ours alone from its first instant.
                Os.Fchmod(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            else
            {
                Os.SetSocketOption(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1); // or the port would be taken for minutes by its last connections
            }

            Bind(socket, endPoint, address);
            bound = address.IsLocal
                ? new ListeningSocket(socket, address, address.IsAbstract ? default : Os.GetFileIdentity(address.Path!))
                : new ListeningSocket(socket, address with { Port = Os.GetSockName(socket).Port }, default);
            Os.Listen(socket, SystemBacklog);
            return bound;
        }
        catch
        {
            bound?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A socket for that address, which does not block. A local one says of each message who sent it, from the first on.</summary>
    internal static SafeDescriptorHandle NewSocket(ConnectionAddress address, EndPoint endPoint)
    {
        if (!address.IsLocal)
        {
            return Os.Socket(endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? SocketFamily.Internet6 : SocketFamily.Internet, nonBlocking: true);
        }

        SafeDescriptorHandle socket = Os.Socket(SocketFamily.Local, SocketOptions.SOCK_SEQPACKET, nonBlocking: true);
        Os.SetPassCredentials(socket, pass: true); // accepted sockets inherit it
        return socket;
    }

    public void Dispose()
    {
        // The file first: who connects meanwhile is refused, as who comes later.
        if (HasFile && _process == Environment.ProcessId && IsStillOurs())
        {
            File.Delete(Address.Path!);
        }

        Socket.Dispose();
    }

    private static void Bind(SafeDescriptorHandle socket, EndPoint endPoint, ConnectionAddress address)
    {
        try
        {
            Os.Bind(socket, endPoint);
        }
        catch (PosixException exception) when (exception.Errno == Errno.EADDRINUSE)
        {
            throw exception.WithAdvice(address switch
            {
                { IsLocal: false } => "another socket has this port; choose another one, or 0 for any that is free",
                { IsAbstract: true } => "another socket has this name; choose another one, or none for a fresh one",
                _ when IsAbandoned(endPoint) => "nobody listens there: the file was left by a process that was killed, or is none of a socket; delete it",
                _ => "somebody listens there; choose another path, or none for a fresh one",
            });
        }
    }

    private static bool IsAbandoned(EndPoint endPoint)
    {
        try
        {
            using SafeDescriptorHandle probe = Os.Socket(SocketFamily.Local, SocketOptions.SOCK_SEQPACKET, nonBlocking: true);
            Os.Connect(probe, endPoint);
            return false;
        }
        catch (PosixException exception)
        {
            return exception.Errno == Errno.ECONNREFUSED;
        }
    }

    private bool IsStillOurs()
    {
        try
        {
            return Os.GetFileIdentity(Address.Path!) == _file;
        }
        catch (PosixException)
        {
            return false; // somebody has deleted it
        }
    }
}
