using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Multiprocessing.Tests;

/// <summary>Whoever connects, or is connected to, without the library: by .NET's sockets and the handshake as its page has it, written once more.</summary>
internal static class RawPeer
{
    internal const int HelloLength = 64;
    internal const int AnswerLength = 96;
    internal const int VerdictLength = 65;
    internal const byte NoKey = 0;
    internal const byte HasKey = 1;

    internal static Socket Connect(string address)
    {
        Socket socket = New(address);
        socket.Connect(EndPointOf(address));
        socket.ReceiveTimeout = 20_000;
        return socket;
    }

    /// <returns>The socket, and the address that clients connect to.</returns>
    internal static (Socket Socket, string Address) Listen(bool tcp)
    {
        string address = tcp ? "tcp:127.0.0.1:0" : $"unix:@raw-{Guid.NewGuid()}";
        Socket socket = New(address);
        socket.Bind(EndPointOf(address));
        socket.Listen(16);
        return (socket, tcp ? $"tcp:{socket.LocalEndPoint}" : address);
    }

    /// <returns>So many bytes, or fewer when the other side closes first.</returns>
    internal static byte[] Receive(Socket socket, int length)
    {
        byte[] buffer = new byte[length];
        int received = 0;
        while (received < length)
        {
            int count;
            try
            {
                count = socket.Receive(buffer.AsSpan(received));
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
            {
                count = 0;
            }

            if (count == 0)
            {
                break;
            }

            received += count;
        }

        return buffer[..received];
    }

    internal static bool IsClosedByPeer(Socket socket) => Receive(socket, 1).Length == 0;

    internal static byte[] Hello(byte terms, string digest, byte[]? challenge = null)
    {
        byte[] hello = new byte[HelloLength];
        "Multiprocessing1"u8.CopyTo(hello);
        hello[16] = terms;
        System.Text.Encoding.ASCII.GetBytes(digest, hello.AsSpan(17));
        (challenge ?? RandomNumberGenerator.GetBytes(32)).CopyTo(hello, 32);
        return hello;
    }

    internal static byte[] Answer(byte[] hello, byte[] key, byte[]? challenge = null, string prover = "client")
    {
        challenge ??= RandomNumberGenerator.GetBytes(32);
        byte[] proof = HMACSHA256.HashData(SHA256.HashData(key), (byte[])[.. System.Text.Encoding.ASCII.GetBytes(prover), .. hello, .. challenge]);
        return [.. challenge, .. proof, .. new byte[32]];
    }

    internal static byte[] Verdict(byte[] hello, byte[] answer, byte[] key, string prover = "listener") =>
        [1, .. HMACSHA256.HashData(SHA256.HashData(key), (byte[])[.. System.Text.Encoding.ASCII.GetBytes(prover), .. hello, .. answer]), .. new byte[32]];

    private static Socket New(string address) => address.StartsWith("unix:", StringComparison.Ordinal)
        ? new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified)
        : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static EndPoint EndPointOf(string address) => address.Split(':', 2) switch
    {
        ["unix", ['@', .. var name]] => new UnixDomainSocketEndPoint($"\0{name}"),
        ["unix", var path] => new UnixDomainSocketEndPoint(path),
        [_, var endPoint] => IPEndPoint.Parse(endPoint),
        _ => throw new ArgumentException(address),
    };
}
