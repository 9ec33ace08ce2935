using System.Buffers;
using System.Runtime.CompilerServices;

namespace Multiprocessing;

public sealed partial class Connection
{
    private const int LongestOnStack = 128;

    /// <summary>Sends a value; a copy of it is received. It waits while too much is unreceived.</summary>
    /// <typeparam name="T">Its type; the value's own type crosses.</typeparam>
    /// <param name="message">The value.</param>
    /// <exception cref="NotSerializableException">It cannot cross. Nothing was sent.</exception>
    /// <exception cref="Posix.PosixException">EPIPE: nobody is left to receive it.</exception>
    /// <exception cref="InvalidOperationException">This end can only receive.</exception>
    /// <exception cref="ObjectDisposedException">It is closed, or another thread closed it meanwhile, so that the message was not sent; or a connection in the message is closed.</exception>
    [SkipLocalsInit]
    public void Send<T>(T message)
    {
        RefuseUnlessSending();
        Span<byte> bytes = stackalloc byte[LongestOnStack];
        int length = ValueSerializer.TryWrite(message, bytes);
        if (length > 0)
        {
            SendNow(MessageKind.Value, bytes[..length], [], block: null);
            return;
        }

        WireWriter writer = MessageWriters.Rent();
        try
        {
            writer.Lender = _transport;
            ValueSerializer.Write(writer, message, Subject.Message);
            ReadOnlySpan<byte> body = writer.Written;
            SendNow(MessageKind.Value, body, writer.Descriptors, writer.TakeBlock());
        }
        finally
        {
            MessageWriters.Return(writer);
        }
    }

    /// <summary>Sends a value, or null.</summary>
    /// <param name="message">As of the other overload.</param>
    /// <inheritdoc cref="Send{T}" path="/exception"/>
    public void Send(object? message) => Send<object?>(message);

    /// <summary>Sends an array of values, such as <c>[42, null, "hello"]</c>, or null.</summary>
    /// <param name="message">As of the other overload.</param>
    /// <inheritdoc cref="Send{T}" path="/exception"/>
    public void Send(object?[]? message) => Send<object?[]?>(message);

    /// <summary>Receives a value. Waits until there is one.</summary>
    /// <typeparam name="T">What it must be; a base class, an interface and <see cref="object"/> do, too.</typeparam>
    /// <returns>A copy of what was sent.</returns>
    /// <exception cref="EndOfStreamException">Everything is received, and nobody is left to send more: all copies of the other end are closed, by whatever end of their processes.</exception>
    /// <exception cref="InvalidDataException">
    /// The message is none of Send, or no <typeparamref name="T"/>, or names a type that its sender may not (see <see cref="AllowType"/>). It is lost; the next can be received.
    /// </exception>
    /// <exception cref="InvalidOperationException">This end can only send.</exception>
    /// <exception cref="ObjectDisposedException">It is closed, or another thread closed it meanwhile.</exception>
    public T Receive<T>()
    {
        using Incoming message = ReceiveNow();
        return ReadValue<T>(message);
    }

    /// <summary>Receives a value, whatever it is. Waits until there is one.</summary>
    /// <returns>As of the other overload.</returns>
    /// <inheritdoc cref="Receive{T}" path="/exception"/>
    public object? Receive() => Receive<object?>();

    private T ReadValue<T>(in Incoming message)
    {
        Expect(MessageKind.Value, message);
        ReadOnlySpan<byte> body = message.Body.Span;
        if (!message.IsShared)
        {
            return ReadValue<T>(body, message);
        }

        if (SharedArrays<T>.TryRead(body, out T? array))
        {
            return array;
        }

        // Types and lengths are checked, and then used: they must not change in between.
        byte[] copy = ArrayPool<byte>.Shared.Rent(body.Length);
        try
        {
            body.CopyTo(copy);
            return ReadValue<T>(copy.AsSpan(0, body.Length), message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private T ReadValue<T>(ReadOnlySpan<byte> body, in Incoming message)
    {
        WireReader reader = new(body)
        {
            Descriptors = message.Descriptors,
            Asked = AskedFor<T>(message),
        };
        T value = ValueSerializer.Read<T>(ref reader);
        return reader.Left == 0 ? value : throw new InvalidDataException($"The message has {reader.Left} bytes more than its value needs.");
    }

    /// <returns>The types that the message may name; null: any.</returns>
    private Type[]? AskedFor<T>(in Incoming message) =>
        typeof(T).IsPrimitive ? AskedBy<T>.Types // whoever sent it; so the system need not be asked for our own IDs
        : _isTrustedPeer && message.IsTrusted ? null
        : [.. AskedBy<T>.Types, .. _allowed];

    private static void Expect(MessageKind kind, in Incoming message)
    {
        if (message.Kind != kind)
        {
            throw new InvalidDataException($"The message is {NameOf(message.Kind)}, but was received as {NameOf(kind)}. It is lost; the next can be received.");
        }
    }

    private static string NameOf(MessageKind kind) => kind switch
    {
        MessageKind.Value => "a value (Send)",
        MessageKind.Bytes => "bytes (SendBytes)",
        MessageKind.Handle => "a descriptor (SendHandle)",
        _ => $"of the unknown kind {(byte)kind}",
    };

    private static class AskedBy<T>
    {
        internal static Type[] Types { get; } = TypeReference.PartsOf(typeof(T));
    }
}
