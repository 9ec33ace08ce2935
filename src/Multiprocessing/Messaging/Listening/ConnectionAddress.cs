using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Where a listener is: "unix:PATH", "unix:@NAME" (abstract), "tcp:HOST:PORT".</summary>
/// <param name="Path">Of a local socket, absolute; an abstract name begins with @. Null: it is TCP.</param>
/// <param name="Host">An IP address without brackets, or a name.</param>
/// <param name="Port">0 to 65535.</param>
internal sealed record ConnectionAddress(string? Path, string Host, int Port)
{
    private const string Local = "unix:";
    private const string Tcp = "tcp:";
    private const int LongestPath = 107; // sun_path has 108 bytes; the last ends it, or for an abstract name the first begins it

    internal bool IsLocal => Path is not null;

    internal bool IsAbstract => Path is ['@', ..];

    /// <exception cref="ArgumentException">It is no address; the message says what one looks like.</exception>
    internal static ConnectionAddress Parse(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.StartsWith(Local, StringComparison.Ordinal) ? ParseLocal(address)
            : address.StartsWith(Tcp, StringComparison.Ordinal) ? ParseTcp(address)
            : throw Refusal(address, "its kind is unknown");
    }

    /// <summary>A local socket that nobody else has and nobody can guess.</summary>
    /// <remarks>
    /// Abstract, for it lives in the kernel only: a process that is killed leaves no file. It has no permission bits, so its name is random and the kernel is asked for the user
    /// of each peer, as it is for every local socket.
    /// </remarks>
    internal static ConnectionAddress Fresh()
    {
        Span<byte> random = stackalloc byte[16];
        Os.GetRandom(random);
        return new ConnectionAddress($"@multiprocessing-{Convert.ToHexStringLower(random)}", "", 0);
    }

    /// <summary>What to bind or to connect to, in the order to try.</summary>
    /// <exception cref="SocketException">The name of the host is not known.</exception>
    internal EndPoint[] Resolve() => IsLocal ? [LocalEndPoint] : IPAddress.TryParse(Host, out IPAddress? ip) ? [new IPEndPoint(ip, Port)]
        : Array.ConvertAll(Dns.GetHostAddresses(Host), one => new IPEndPoint(one, Port));

    /// <inheritdoc cref="Resolve"/>
    internal async ValueTask<EndPoint[]> ResolveAsync(CancellationToken cancellationToken) => IsLocal || IPAddress.TryParse(Host, out _) ? Resolve()
        : Array.ConvertAll(await Dns.GetHostAddressesAsync(Host, cancellationToken).ConfigureAwait(false), one => new IPEndPoint(one, Port));

    public override string ToString() => IsLocal ? $"{Local}{Path}"
        : string.Create(CultureInfo.InvariantCulture, $"{Tcp}{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    private UnixDomainSocketEndPoint LocalEndPoint => new(IsAbstract ? $"\0{Path![1..]}" : Path!);

    private static ConnectionAddress ParseLocal(string address)
    {
        string path = address[Local.Length..];
        if (path.Length == 0 || path == "@")
        {
            throw Refusal(address, "it names nothing");
        }

        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw Refusal(address.Replace("\0", "\\0", StringComparison.Ordinal), "it has a null character in it");
        }

        // Absolute, so that it is the same for every process and after a change of the working directory.
        path = path[0] == '@' ? path : System.IO.Path.GetFullPath(path);
        return Encoding.UTF8.GetByteCount(path) <= LongestPath
            ? new ConnectionAddress(path, "", 0)
            : throw Refusal(address, $"the whole path has more than the {LongestPath} bytes that the system allows for a socket");
    }

    private static ConnectionAddress ParseTcp(string address)
    {
        string rest = address[Tcp.Length..];
        int colon = rest.LastIndexOf(':');
        if (colon <= 0)
        {
            throw Refusal(address, "it needs a host and a port; tcp:127.0.0.1:0 is any free port of this machine alone");
        }

        if (!int.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port > IPEndPoint.MaxPort)
        {
            throw Refusal(address, $"the port is no number from 0 to {IPEndPoint.MaxPort}");
        }

        string host = rest[..colon];
        bool bracketed = host is ['[', .., ']'];
        host = bracketed ? host[1..^1] : host;
        bool isIp6 = IPAddress.TryParse(host, out IPAddress? ip) && ip.AddressFamily == AddressFamily.InterNetworkV6;
        return host.Length == 0 || bracketed != isIp6 ? throw Refusal(address, "its host is none; an IPv6 address stands in brackets, as in tcp:[::1]:5000") : new ConnectionAddress(null, host, port);
    }

    private static ArgumentException Refusal(string address, string reason) =>
        new($"'{address}' is no address of a listener: {reason}. There are \"unix:PATH\", \"unix:@NAME\" (abstract) and \"tcp:HOST:PORT\".", nameof(address));
}
