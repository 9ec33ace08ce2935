namespace Multiprocessing;

/// <summary>Makes pairs of connected ends, for this process and the children that they are given to.</summary>
public static class Pipe
{
    /// <summary>Makes two connected ends. What is sent into one is received from the other.</summary>
    /// <param name="duplex">Whether both can send and receive; if not, the left end receives and the right end sends.</param>
    /// <returns>The ends. Each may be passed to a child, as an argument or captured variable, or sent over a connection; close the copy that stays here when it is not needed, so that the other end learns when nobody is left.</returns>
    /// <remarks>A local socket pair: see unix(7), SOCK_SEQPACKET. It leaves nothing behind, whoever is killed.</remarks>
    /// <exception cref="Posix.PosixException">EMFILE or ENFILE: too many open descriptors.</exception>
    public static (Connection Left, Connection Right) Create(bool duplex = true)
    {
        (LocalTransport left, LocalTransport right) = LocalTransport.CreatePair();
        return Connect(left, right, duplex);
    }

    /// <summary>Makes two connected ends with other properties than the usual ones.</summary>
    /// <param name="options">The properties.</param>
    /// <returns>As of the other overload.</returns>
    /// <exception cref="Posix.PosixException">EMFILE or ENFILE: too many open descriptors; ENOMEM.</exception>
    public static (Connection Left, Connection Right) Create(PipeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.SpinTime == TimeSpan.Zero)
        {
            return Create(options.Duplex);
        }

        (SpinTransport left, SpinTransport right) = SpinTransport.CreatePair(options.SpinTime);
        return Connect(left, right, options.Duplex);
    }

    private static (Connection Left, Connection Right) Connect(Transport left, Transport right, bool duplex) =>
        (new Connection(left, canReceive: true, canSend: duplex, isTrustedPeer: true), new Connection(right, canReceive: duplex, canSend: true, isTrustedPeer: true));
}
