using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>All the waiting of one connection, and the end of it when the connection is closed.</summary>
internal sealed class ConnectionWaits
{
    private readonly Lock _gate = new();
    private readonly HashSet<WatchedDescriptors> _asyncWaits = [];
    private SafeDescriptorHandle? _closing;
    private int _closingProcess;
    private volatile bool _isClosed;

    internal bool IsClosed => _isClosed;

    /// <summary>One at a time, where the transport needs it, and among async senders always, so that messages go in the order of the calls.</summary>
    internal SemaphoreSlim Sending { get; } = new(1);

    /// <summary>One at a time, where the transport needs it, and among async receivers always, so that a message wakes one of them.</summary>
    internal SemaphoreSlim Receiving { get; } = new(1);

    internal CancellationTokenSource Closing { get; } = new();

    /// <summary>Blocks this thread until something happens on a descriptor.</summary>
    /// <param name="descriptor">The descriptor. One that is closed meanwhile ends the wait.</param>
    /// <param name="events">What to wait for.</param>
    /// <param name="signal">Another one that ends the wait when it is readable, if any.</param>
    /// <param name="timeout">How long; null: for ever.</param>
    /// <returns>False when the time ran out.</returns>
    /// <exception cref="ObjectDisposedException">The connection is closed, or another thread closed it meanwhile.</exception>
    internal bool Wait(SafeDescriptorHandle descriptor, PollEvents events, SafeDescriptorHandle? signal = null, TimeSpan? timeout = null)
    {
        SafeDescriptorHandle closing = ClosingEvent();
        bool added = false;
        bool signalAdded = false;
        bool closingAdded = false;
        try
        {
            closing.DangerousAddRef(ref closingAdded);
            try
            {
                descriptor.DangerousAddRef(ref added);
                signal?.DangerousAddRef(ref signalAdded);
            }
            catch (ObjectDisposedException) when (!_isClosed)
            {
                return true;
            }

            Span<PollDescriptor> all = [new(descriptor.Number, events), new(closing.Number, PollEvents.Readable), new(signal?.Number ?? -1, PollEvents.Readable)];
            int count = Os.Poll(all, timeout);
            ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
            return count > 0;
        }
        finally
        {
            if (added)
            {
                descriptor.DangerousRelease();
            }

            if (signalAdded)
            {
                signal!.DangerousRelease();
            }

            if (closingAdded)
            {
                closing.DangerousRelease();
            }
        }
    }

    /// <summary>As <see cref="Wait"/>, but without a thread.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    internal async ValueTask WaitAsync(SafeDescriptorHandle descriptor, PollEvents events, SafeDescriptorHandle? signal, CancellationToken cancellationToken)
    {
        WatchedDescriptors wait = new();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
            _asyncWaits.Add(wait);
        }

        try
        {
            wait.Add(descriptor, events);
            if (signal is not null)
            {
                wait.Add(signal, PollEvents.Readable);
            }

            using (cancellationToken.UnsafeRegister(static (state, token) => ((WatchedDescriptors)state!).Cancel(token), wait))
            {
                await wait.Task.ConfigureAwait(false);
            }
        }
        finally
        {
            wait.End();
            lock (_gate)
            {
                _asyncWaits.Remove(wait);
            }
        }
    }

    /// <summary>Ends all waits, now and later.</summary>
    /// <returns>False when it was closed already.</returns>
    internal bool Close()
    {
        WatchedDescriptors[] waits;
        lock (_gate)
        {
            if (_isClosed)
            {
                return false;
            }

            _isClosed = true;
            waits = [.. _asyncWaits];
            if (_closing is not null)
            {
                // After an Os.Fork the event is the parent's as well, whose connection is not closed by this.
                if (_closingProcess == Environment.ProcessId)
                {
                    Os.EventFdWrite(_closing, 1);
                }

                _closing.Dispose();
            }
        }

        Array.ForEach(waits, wait => wait.Fail(new ObjectDisposedException(nameof(Connection))));
        Closing.Cancel();
        return true;
    }

    /// <summary>Made at the first wait that blocks: most connections never need it.</summary>
    internal SafeDescriptorHandle ClosingEvent()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
            if (_closing is null || _closingProcess != Environment.ProcessId)
            {
                _closing?.Dispose();
                _closing = Os.EventFd();
                _closingProcess = Environment.ProcessId;
            }

            return _closing;
        }
    }
}
