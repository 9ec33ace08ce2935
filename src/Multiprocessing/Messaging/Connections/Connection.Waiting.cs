namespace Multiprocessing;

// Together with others.
public sealed partial class Connection : IWaitable
{
    void IWaitable.BeginWait(WaitSet set)
    {
        RefuseUnlessReceiving();
        set.Add(_waits.ClosingEvent());
        set.Add(_transport.Descriptor);
        if (_transport.Signal is { } signal)
        {
            set.Add(signal);
        }

        _transport.BeginWait(); // IsReady looks once more
    }

    bool IWaitable.IsReady(bool fired)
    {
        try
        {
            return IsClosed || HasMessage(fired);
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    void IWaitable.EndWait() => _transport.EndWait();

    /// <summary>Whether there is a message, or the end.</summary>
    /// <param name="fired">Whether the transport's descriptor polled readable.</param>
    private bool HasMessage(bool fired) => _transport.HasBuffered || (fired && _transport.IsReadableWithMessageOnly);
}
