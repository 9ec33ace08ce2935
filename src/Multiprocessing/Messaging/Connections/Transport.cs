using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>
/// What carries the messages of one end of a connection. It never waits: a try that would have to says false and what to wait for, so that the
/// waiting, with or without a thread, stands in one place (<see cref="ConnectionWaits"/>).
/// </summary>
internal abstract class Transport : IDisposable
{
    protected enum Kind : byte
    {
        Local = 1,
        Spin = 3,
    }

    /// <summary>Polls readable when there is something to receive, or the end, unless <see cref="Signal"/> does.</summary>
    internal abstract SafeDescriptorHandle Descriptor { get; }

    /// <summary>Polls readable when there is something to receive, or the end, in memory; null where nothing is kept there.</summary>
    internal virtual SafeDescriptorHandle? Signal => null;

    /// <summary>
    /// Whether any thread of any process may try at any time, since a message goes and comes whole or not at all. If not, the connection lets one
    /// sender and one receiver in at a time, from the first try of a message to the last.
    /// </summary>
    internal abstract bool IsAtomic { get; }

    /// <summary>Whether there is something to receive, or the end, though <see cref="Descriptor"/> may not say so.</summary>
    /// <exception cref="InvalidOperationException">It is not this process's; see <see cref="TryReceive"/>.</exception>
    internal virtual bool HasBuffered => false;

    /// <summary>Whether <see cref="Descriptor"/> polls readable only when there is something to receive, or the end; if not, <see cref="HasBuffered"/> tells.</summary>
    internal virtual bool IsReadableWithMessageOnly => IsAtomic;

    /// <summary>From here to <see cref="EndWait"/> there is always somebody who waits at <see cref="Descriptor"/>, whoever else receives meanwhile.</summary>
    /// <returns>Whether to try once more before the wait: something came since the last try.</returns>
    /// <exception cref="ObjectDisposedException">The transport is closed.</exception>
    internal virtual bool BeginWait() => false;

    /// <summary>Called once for each <see cref="BeginWait"/> that returned, also when the transport was closed meanwhile.</summary>
    internal virtual void EndWait()
    {
    }

    /// <summary>Sends a message if that is possible now.</summary>
    /// <param name="kind">How it is sent.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="descriptors">What goes along; it stays the caller's.</param>
    /// <param name="pending">Empty at the first try; the same at each further try of the same message.</param>
    /// <returns>False: wait as <paramref name="pending"/> says, and try again with the same message, or <see cref="GiveUp"/>.</returns>
    /// <exception cref="PosixException">EPIPE: nobody is there to receive. Any failure ends the try; nothing is pending then.</exception>
    /// <exception cref="NotSupportedException">Descriptors cannot go along here.</exception>
    /// <exception cref="InvalidOperationException">As of <see cref="TryReceive"/>.</exception>
    /// <exception cref="ObjectDisposedException">The transport is closed.</exception>
    internal abstract bool TrySend(MessageKind kind, ReadOnlySpan<byte> body, ReadOnlySpan<SafeDescriptorHandle> descriptors, ref PendingSend pending);

    /// <summary>Memory to write a long body into, so that sending it copies nothing: as <see cref="PendingSend.Progress"/> of its first try.</summary>
    /// <param name="length">How many bytes at least.</param>
    /// <returns>Null: there is none now, or never. The caller must send it, give it up or return it.</returns>
    internal virtual SharedBlock? TryLend(int length) => null;

    /// <summary>Ends a message that has not gone: cancelled, or the connection was closed. Where a part of it has gone already, nothing can be sent any more.</summary>
    /// <param name="pending">What the last try left.</param>
    internal abstract void GiveUp(ref PendingSend pending);

    /// <summary>Receives a message if one is there.</summary>
    /// <param name="message">The message, to dispose.</param>
    /// <returns>False: <see cref="BeginWait"/>, then wait until <see cref="Descriptor"/> polls readable.</returns>
    /// <exception cref="EndOfStreamException">All messages are received, and nobody is left to send another.</exception>
    /// <exception cref="InvalidDataException">What came is no message; it is gone, and the next may be received.</exception>
    /// <exception cref="InvalidOperationException">It was made before an Os.Fork, in the parent, and cannot be shared.</exception>
    /// <exception cref="ObjectDisposedException">The transport is closed.</exception>
    internal abstract bool TryReceive(out Incoming message);

    /// <summary>Writes what <see cref="Arrive"/> reads in another process, and attaches the descriptors.</summary>
    /// <param name="writer">Where to write.</param>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    /// <exception cref="RefusedException">It is of a kind that cannot go to another process, or cannot go any more.</exception>
    internal abstract void Depart(WireWriter writer);

    /// <exception cref="InvalidDataException">The bytes are not what <see cref="Depart"/> wrote, or too few descriptors came.</exception>
    internal static Transport Arrive(ref WireReader reader) => (Kind)reader.Byte() switch
    {
        Kind.Local => LocalTransport.ArriveLocal(ref reader),
        Kind.Spin => SpinTransport.ArriveSpinning(ref reader),
        var kind => throw new InvalidDataException($"The message has a connection of the unknown kind {(byte)kind}."),
    };

    /// <summary>Closes it. A call that another thread is in ends before the descriptors are closed.</summary>
    public abstract void Dispose();
}
