using Multiprocessing.Posix;

namespace Multiprocessing;

public sealed partial class Connection
{
    /// <summary>Sends a value. Waits, without a thread, while too much is unreceived.</summary>
    /// <typeparam name="T">Its type; the value's own type crosses.</typeparam>
    /// <param name="message">The value, which is read before the call returns.</param>
    /// <param name="cancellationToken">Gives up the wait; the message is not sent then.</param>
    /// <returns>Done when the message is on its way. Async sends go in the order of the calls.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled. Nothing was sent; over TCP, where a part of it may have gone, the connection cannot be sent to any more.</exception>
    /// <inheritdoc cref="Send{T}" path="/exception"/>
    public ValueTask SendAsync<T>(T message, CancellationToken cancellationToken = default)
    {
        RefuseUnlessSending();
        WireWriter writer = MessageWriters.Rent();
        try
        {
            ValueSerializer.Write(writer, message, Subject.Message);
            return SendLater(MessageKind.Value, writer, cancellationToken);
        }
        catch
        {
            MessageWriters.Return(writer);
            throw;
        }
    }

    /// <summary>Sends bytes as one message. Waits, without a thread, while too much is unreceived.</summary>
    /// <param name="message">The bytes; they must stay as they are until it is done.</param>
    /// <param name="cancellationToken">Gives up the wait; the message is not sent then.</param>
    /// <returns>Done when the message is on its way. Async sends go in the order of the calls.</returns>
    /// <exception cref="OperationCanceledException">As of <see cref="SendAsync"/>.</exception>
    /// <inheritdoc cref="SendBytes" path="/exception"/>
    public ValueTask SendBytesAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default)
    {
        RefuseUnlessSending();
        return SendLater(MessageKind.Bytes, message, [], cancellationToken);
    }

    /// <summary>Receives a value. Waits, without a thread, until there is one.</summary>
    /// <typeparam name="T">What it must be.</typeparam>
    /// <param name="cancellationToken">Gives up the wait. No message is lost by that.</param>
    /// <returns>A copy of what was sent.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <inheritdoc cref="Receive{T}" path="/exception"/>
    public async ValueTask<T> ReceiveAsync<T>(CancellationToken cancellationToken = default)
    {
        using Incoming message = await ReceiveLater(cancellationToken).ConfigureAwait(false);
        return ReadValue<T>(message);
    }

    /// <summary>Receives bytes. Waits, without a thread, until there is a message.</summary>
    /// <param name="maximumLength">How many bytes it may have; null: any number.</param>
    /// <param name="cancellationToken">Gives up the wait. No message is lost by that.</param>
    /// <returns>The message, in a new array.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <inheritdoc cref="ReceiveBytes(int?)" path="/exception"/>
    public async ValueTask<byte[]> ReceiveBytesAsync(int? maximumLength = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maximumLength.GetValueOrDefault(), nameof(maximumLength));
        using Incoming message = await ReceiveLater(cancellationToken).ConfigureAwait(false);
        return BytesOf(message, maximumLength);
    }

    /// <summary>Waits, without a thread, until a message can be received, or the other end is gone. Takes nothing off.</summary>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <param name="cancellationToken">Gives up the wait.</param>
    /// <returns>As of <see cref="Poll"/>.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <inheritdoc cref="Poll" path="/exception"/>
    public async ValueTask<bool> PollAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (Poll())
        {
            return true;
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            _transport.BeginWait();
            try
            {
                bool fired = false;
                while (!HasMessage(fired))
                {
                    await _waits.WaitAsync(_transport.Descriptor, PollEvents.Readable, _transport.Signal, limit.Token).ConfigureAwait(false);
                    fired = true;
                }

                return true;
            }
            finally
            {
                _transport.EndWait();
            }
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Poll();
        }
    }

    private async ValueTask SendLater(MessageKind kind, WireWriter writer, CancellationToken cancellationToken)
    {
        try
        {
            await SendLater(kind, writer.ToMemory(), writer.Descriptors.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            MessageWriters.Return(writer);
        }
    }

    private async ValueTask SendLater(MessageKind kind, ReadOnlyMemory<byte> body, SafeDescriptorHandle[] descriptors, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using OwnDescriptors? own = descriptors.Length == 0 ? null : new(descriptors);
        if (!_waits.Sending.Wait(0, CancellationToken.None))
        {
            own?.Duplicate();
            await EnterLater(_waits.Sending, cancellationToken).ConfigureAwait(false);
        }

        PendingSend pending = default;
        try
        {
            while (!_transport.TrySend(kind, body.Span, descriptors, ref pending))
            {
                own?.Duplicate();
                await _waits.WaitAsync(pending.Descriptor!, pending.Events, signal: null, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _transport.GiveUp(ref pending);
            _waits.Sending.Release();
        }
    }

    private async ValueTask<Incoming> ReceiveLater(CancellationToken cancellationToken)
    {
        RefuseUnlessReceiving();
        cancellationToken.ThrowIfCancellationRequested();
        if (!_waits.Receiving.Wait(0, CancellationToken.None))
        {
            await EnterLater(_waits.Receiving, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            if (_transport.TryReceive(out Incoming message))
            {
                return message;
            }

            bool isThere = _transport.BeginWait();
            try
            {
                do
                {
                    if (!isThere)
                    {
                        await _waits.WaitAsync(_transport.Descriptor, PollEvents.Readable, _transport.Signal, cancellationToken).ConfigureAwait(false);
                    }

                    isThere = false;
                }
                while (!_transport.TryReceive(out message));
                return message;
            }
            finally
            {
                _transport.EndWait();
            }
        }
        finally
        {
            _waits.Receiving.Release();
        }
    }

    private async ValueTask EnterLater(SemaphoreSlim gate, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _waits.Closing.Token);
        try
        {
            await gate.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            ObjectDisposedException.ThrowIf(true, this);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // with the caller's token in it
        }
    }
}
