using System.Buffers;

namespace Multiprocessing;

public sealed partial class Connection
{
    /// <summary>Sends bytes as one message; none are a message, too. It waits while too much is unreceived.</summary>
    /// <param name="message">The bytes; a part of an array is <c>array.AsSpan(offset, length)</c>, which refuses what is outside.</param>
    /// <exception cref="Posix.PosixException">EPIPE: nobody is left to receive it.</exception>
    /// <exception cref="InvalidOperationException">This end can only receive.</exception>
    /// <exception cref="ObjectDisposedException">It is closed, or another thread closed it meanwhile, so that the message was not sent.</exception>
    public void SendBytes(ReadOnlySpan<byte> message) => SendNow(MessageKind.Bytes, message, []);

    /// <summary>Receives bytes. Waits until there is a message.</summary>
    /// <param name="maximumLength">How many bytes it may have; null: any number.</param>
    /// <returns>The message, in a new array.</returns>
    /// <exception cref="BufferTooShortException">It has more; all are in the exception, and the connection can be used on.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="EndOfStreamException">Everything is received, and nobody is left to send more.</exception>
    /// <exception cref="InvalidDataException">The message is none of SendBytes. It is lost; the next can be received.</exception>
    /// <exception cref="InvalidOperationException">This end can only send.</exception>
    /// <exception cref="ObjectDisposedException">It is closed, or another thread closed it meanwhile.</exception>
    public byte[] ReceiveBytes(int? maximumLength = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maximumLength.GetValueOrDefault(), nameof(maximumLength));
        using Incoming message = ReceiveNow();
        return BytesOf(message, maximumLength);
    }

    /// <summary>Receives bytes into memory of the caller's. Waits until there is a message.</summary>
    /// <param name="buffer">Where to put it. What lies behind it stays as it is.</param>
    /// <returns>How many bytes it has.</returns>
    /// <exception cref="BufferTooShortException">It has more than there is room for; all are in the exception, the buffer is as it was, and the connection can be used on.</exception>
    /// <inheritdoc cref="ReceiveBytes(int?)" path="/exception[not(contains(@cref, 'ArgumentOutOfRange') or contains(@cref, 'BufferTooShort'))]"/>
    public int ReceiveBytes(Span<byte> buffer)
    {
        using Incoming message = ReceiveNow();
        Expect(MessageKind.Bytes, message);
        if (!message.Body.Span.TryCopyTo(buffer))
        {
            throw new BufferTooShortException(CopyOf(message));
        }

        return message.Body.Length;
    }

    /// <summary>Receives bytes without a copy, where they lie in the pages that sender and receiver share: long ones, from this process's own user. Others are copied once.</summary>
    /// <returns>The message. Dispose it: until then the sender uses other memory for its next messages. It stays valid when the connection is closed or its sender ends.</returns>
    /// <remarks>It may be written to; nobody sees that but who maps the same pages. A sender that means ill does, or another user's process that had the same end once, and may change what is read here. Its memory must not be used after Dispose, and one that is dropped keeps its pages until the process ends.</remarks>
    /// <inheritdoc cref="ReceiveBytes(int?)" path="/exception[not(contains(@cref, 'ArgumentOutOfRange') or contains(@cref, 'BufferTooShort'))]"/>
    public IMemoryOwner<byte> ReceiveView()
    {
        Incoming message = ReceiveNow();
        try
        {
            Expect(MessageKind.Bytes, message);
            return message.TakeOwner() ?? new ArrayView(CopyOf(message));
        }
        finally
        {
            message.Dispose();
        }
    }

    private static byte[] BytesOf(in Incoming message, int? maximumLength)
    {
        Expect(MessageKind.Bytes, message);
        byte[] bytes = CopyOf(message);
        return bytes.Length <= (maximumLength ?? int.MaxValue) ? bytes : throw new BufferTooShortException(bytes);
    }

    private static byte[] CopyOf(in Incoming message)
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(message.Body.Length);
        message.Body.Span.CopyTo(copy);
        return copy;
    }
}
