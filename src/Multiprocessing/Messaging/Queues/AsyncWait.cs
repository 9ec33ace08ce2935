namespace Multiprocessing;

/// <summary>One asynchronous wait. Either it is served or it is cancelled, never both: what is taken for it is never lost.</summary>
internal abstract class AsyncWait
{
    private const int Waiting = 0;
    private const int BeingServed = 1;
    private const int Over = 2;

    private readonly AsyncWaits _waits;
    private readonly CancellationToken _cancellationToken;
    private CancellationTokenRegistration _registration;
    private int _state;

    protected AsyncWait(AsyncWaits waits, CancellationToken cancellationToken)
    {
        _waits = waits;
        _cancellationToken = cancellationToken;
        Node = new LinkedListNode<AsyncWait>(this);
    }

    internal LinkedListNode<AsyncWait> Node { get; }

    internal void Begin()
    {
        _waits.Add(this);
        _registration = _cancellationToken.UnsafeRegister(static wait => ((AsyncWait)wait!).Cancel(), this);
        Interlocked.MemoryBarrier(); // either this one sees that it is over, or who ends it sees the registration
        if (Volatile.Read(ref _state) == Over)
        {
            _registration.Dispose();
        }
    }

    /// <summary>From now on it cannot be cancelled.</summary>
    internal bool TryBegin() => Interlocked.CompareExchange(ref _state, BeingServed, Waiting) == Waiting;

    /// <summary>Gives it what it waits for, or an exception, if there is something.</summary>
    /// <param name="lookAgain">When to look again though nobody wakes this thread.</param>
    internal bool TryServe(ref TimeSpan? lookAgain)
    {
        try
        {
            if (!TryComplete(ref lookAgain))
            {
                return false;
            }
        }
        catch (Exception exception)
        {
            SetException(exception);
        }

        Interlocked.Exchange(ref _state, Over);
        _registration.Dispose();
        return true;
    }

    internal void GoOnWaiting()
    {
        Volatile.Write(ref _state, Waiting);
        Interlocked.MemoryBarrier();
        if (_cancellationToken.IsCancellationRequested)
        {
            Cancel();
        }
    }

    internal void Fail(Exception exception)
    {
        SpinWait spinner = default;
        while (true)
        {
            int seen = Interlocked.CompareExchange(ref _state, Over, Waiting);
            if (seen == Waiting)
            {
                SetException(exception);
                _registration.Dispose();
            }

            if (seen != BeingServed)
            {
                return;
            }

            spinner.SpinOnce();
        }
    }

    protected abstract bool TryComplete(ref TimeSpan? lookAgain);

    protected abstract void SetException(Exception exception);

    protected abstract void SetCanceled(CancellationToken cancellationToken);

    private void Cancel()
    {
        if (Interlocked.CompareExchange(ref _state, Over, Waiting) == Waiting)
        {
            _waits.Remove(this);
            SetCanceled(_cancellationToken);
        }
    }
}

/// <summary>A wait with a result, which looks by a function.</summary>
/// <param name="waits">The side.</param>
/// <param name="look">Tells whether it is over, and with which result; may throw what the waiting one is to be thrown.</param>
/// <param name="cancellationToken">Ends the wait.</param>
internal sealed class AsyncWait<TResult>(AsyncWaits waits, AsyncWait<TResult>.Look look, CancellationToken cancellationToken) : AsyncWait(waits, cancellationToken)
{
    private readonly TaskCompletionSource<TResult> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal delegate bool Look(out TResult result, ref TimeSpan? lookAgain);

    internal Task<TResult> Task => _source.Task;

    protected override bool TryComplete(ref TimeSpan? lookAgain)
    {
        if (!look(out TResult result, ref lookAgain))
        {
            return false;
        }

        _source.SetResult(result);
        return true;
    }

    protected override void SetException(Exception exception) => _source.TrySetException(exception);

    protected override void SetCanceled(CancellationToken cancellationToken) => _source.TrySetCanceled(cancellationToken);
}
