using System.Net;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const uint STATX_INO = 0x100;
    private const uint STATX_BLOCKS = 0x400;
    private const int SOCK_NONBLOCK = 0x800;
    private const int LongestAddress = 128; // sizeof(struct sockaddr_storage)

    /// <summary>Makes a socket. See socket(2).</summary>
    /// <param name="family">What its addresses are.</param>
    /// <param name="type">1: stream, 5: sequenced packets.</param>
    /// <param name="nonBlocking">Whether its calls fail with EAGAIN instead of waiting; close-on-exec it always is.</param>
    /// <returns>The socket.</returns>
    /// <exception cref="PosixException">EAFNOSUPPORT: there are no such addresses here; EPROTONOSUPPORT; EMFILE, ENFILE.</exception>
    public static SafeDescriptorHandle Socket(SocketFamily family, int type = 1, bool nonBlocking = false) =>
        new(Check("socket", Libc.socket((int)family, type | SOCK_CLOEXEC | (nonBlocking ? SOCK_NONBLOCK : 0), 0)));

    /// <summary>Gives a socket its address. See bind(2).</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="address">An <see cref="IPEndPoint"/> or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>.</param>
    /// <exception cref="PosixException">EADDRINUSE: somebody has it, or a file of that name exists; EADDRNOTAVAIL; EACCES, ENOENT, …</exception>
    public static void Bind(SafeDescriptorHandle socket, EndPoint address)
    {
        SocketAddress form = Form(address);
        fixed (byte* bytes = form.Buffer.Span)
        {
            if (Libc.bind(socket, bytes, (uint)form.Size) < 0)
            {
                throw PosixException.Last("bind", address.ToString());
            }
        }
    }

    /// <summary>Lets others connect to a socket. See listen(2).</summary>
    /// <param name="socket">A socket with an address.</param>
    /// <param name="backlog">How many may wait to be accepted; the system has a limit of its own (net.core.somaxconn).</param>
    /// <exception cref="PosixException">EADDRINUSE; EOPNOTSUPP.</exception>
    public static void Listen(SafeDescriptorHandle socket, int backlog) => Check("listen", Libc.listen(socket, backlog));

    /// <summary>Takes the next of those that have connected. See accept4(2); a call that a signal interrupts is repeated.</summary>
    /// <param name="socket">A listening socket.</param>
    /// <param name="nonBlocking">Whether calls on the new socket fail with EAGAIN instead of waiting; close-on-exec it always is.</param>
    /// <returns>The connected socket.</returns>
    /// <exception cref="PosixException">EAGAIN: there is none, and the socket does not block; EMFILE, ENFILE, ENOMEM; ECONNABORTED and other errors of the one that was next.</exception>
    public static SafeDescriptorHandle Accept(SafeDescriptorHandle socket, bool nonBlocking = false)
    {
        int descriptor;
        while ((descriptor = Libc.accept4(socket, null, null, SOCK_CLOEXEC | (nonBlocking ? SOCK_NONBLOCK : 0))) < 0 && Interrupted)
        {
        }

        return new SafeDescriptorHandle(Check("accept", descriptor));
    }

    /// <summary>Connects a socket. See connect(2). It is not repeated when a signal interrupts it, since it goes on by itself then.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="address">An <see cref="IPEndPoint"/> or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>.</param>
    /// <exception cref="PosixException">
    /// ECONNREFUSED: nobody listens; ENOENT, EACCES; EINPROGRESS: a socket that does not block will poll writable when it is done (see <see cref="GetSocketError"/>); EAGAIN:
    /// a local socket that does not block, and too many wait to be accepted; EINTR.
    /// </exception>
    public static void Connect(SafeDescriptorHandle socket, EndPoint address)
    {
        SocketAddress form = Form(address);
        fixed (byte* bytes = form.Buffer.Span)
        {
            if (Libc.connect(socket, bytes, (uint)form.Size) < 0)
            {
                throw PosixException.Last("connect", address.ToString());
            }
        }
    }

    /// <summary>The Internet address of a socket of this process. See getsockname(2).</summary>
    /// <param name="socket">The socket, of IPv4 or IPv6.</param>
    /// <returns>The address, with the port that the system chose where 0 was bound.</returns>
    /// <exception cref="PosixException">EBADF; ENOTSOCK.</exception>
    public static IPEndPoint GetSockName(SafeDescriptorHandle socket)
    {
        byte* bytes = stackalloc byte[LongestAddress];
        uint length = LongestAddress;
        Check("getsockname", Libc.getsockname(socket, bytes, &length));
        IPEndPoint any = *(ushort*)bytes == (ushort)SocketFamily.Internet6 ? new(IPAddress.IPv6Any, 0) : new(IPAddress.Any, 0);
        SocketAddress form = any.Serialize();
        new ReadOnlySpan<byte>(bytes, Math.Min((int)length, form.Size)).CopyTo(form.Buffer.Span);
        return (IPEndPoint)any.Create(form);
    }

    /// <summary>Sets an option that is a number. See setsockopt(2).</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="level">Such as 1, SOL_SOCKET, or 6, IPPROTO_TCP.</param>
    /// <param name="option">The option's number at that level.</param>
    /// <param name="value">Its value; 1 switches on, 0 off.</param>
    /// <exception cref="PosixException">ENOPROTOOPT; EINVAL; EBADF; ENOTSOCK.</exception>
    public static void SetSocketOption(SafeDescriptorHandle socket, int level, int option, int value) =>
        Check("setsockopt", Libc.setsockopt(socket, level, option, &value, sizeof(int)));

    /// <summary>Takes what went wrong on a socket since the last look. See SO_ERROR in socket(7).</summary>
    /// <param name="socket">The socket.</param>
    /// <returns>An error number, 0 for none.</returns>
    /// <exception cref="PosixException">EBADF; ENOTSOCK.</exception>
    public static int GetSocketError(SafeDescriptorHandle socket)
    {
        const int SO_ERROR = 4;
        int value;
        uint length = sizeof(int);
        Check("getsockopt", Libc.getsockopt(socket, SOL_SOCKET, SO_ERROR, &value, &length));
        return value;
    }

    /// <summary>Sets the permission bits of an open file. See fchmod(2).</summary>
    /// <param name="descriptor">The file. For a local socket without an address: those that its file will have when it is bound, less the umask.</param>
    /// <param name="mode">The bits.</param>
    /// <exception cref="PosixException">EPERM, EROFS, EBADF.</exception>
    public static void Fchmod(SafeDescriptorHandle descriptor, UnixFileMode mode) => Check("fchmod", Libc.fchmod(descriptor, (uint)mode));

    /// <summary>Which file a path leads to now; a symbolic link is itself one. See statx(2).</summary>
    /// <param name="path">The path.</param>
    /// <returns>What tells the file from every other.</returns>
    /// <exception cref="ArgumentException">The path has a null character in it.</exception>
    /// <exception cref="PosixException">ENOENT, EACCES, …; the message names the path.</exception>
    public static FileIdentity GetFileIdentity(string path)
    {
        using CString text = new(path, nameof(path));
        FileStatus status;
        return Libc.statx(AT_FDCWD, text.Pointer, AT_SYMLINK_NOFOLLOW, STATX_INO, &status) == 0 ? status.Identity : throw PosixException.Last("statx", path);
    }

    /// <summary>How much an open file takes where it is kept, which is less than its length where it has holes. See statx(2), stx_blocks.</summary>
    /// <param name="file">The file.</param>
    /// <returns>In bytes, in whole blocks; of memory in whole pages, also of those that are swapped out.</returns>
    /// <exception cref="PosixException">EBADF.</exception>
    public static long GetAllocatedLength(SafeDescriptorHandle file)
    {
        byte empty = 0;
        FileStatus status;
        Check("statx", Libc.statx(file, &empty, AT_EMPTY_PATH, STATX_BLOCKS, &status));
        return (long)status.Blocks * 512;
    }

    /// <summary>The address as the kernel takes it.</summary>
    private static SocketAddress Form(EndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.Serialize();
    }
}

/// <summary>Families of addresses, with the system's values.</summary>
public enum SocketFamily
{
    /// <summary>AF_UNIX: processes of this machine.</summary>
    Local = 1,

    /// <summary>AF_INET: IPv4.</summary>
    Internet = 2,

    /// <summary>AF_INET6: IPv6.</summary>
    Internet6 = 10,
}
