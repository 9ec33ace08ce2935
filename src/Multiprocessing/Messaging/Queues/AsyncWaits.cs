namespace Multiprocessing;

/// <summary>
/// The asynchronous waits of one side of a queue in this process. One thread sleeps for all of them, as any other sleeper does; it ends when nobody has waited for a while.
/// </summary>
internal sealed class AsyncWaits(QueueSleepers sleepers, Awaited kind)
{
    private static readonly TimeSpan s_idleLife = TimeSpan.FromSeconds(2);

    private readonly object _gate = new(); // a monitor, because the thread waits on it
    private readonly LinkedList<AsyncWait> _waits = [];
    private SleepPlace? _asleep;
    private bool _hasThread;
    private bool _isClosed;

    /// <summary>Whether somebody waits: who comes now must not go first.</summary>
    internal bool Any
    {
        get
        {
            lock (_gate)
            {
                return _waits.Count > 0;
            }
        }
    }

    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    internal void Add(AsyncWait wait)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(ProcessQueue<>));
            if (!_hasThread)
            {
                new Thread(Run) { IsBackground = true, Name = "Multiprocessing queue waits" }.Start(); // which waits for the gate
                _hasThread = true;
            }

            _waits.AddLast(wait.Node);
            Monitor.Pulse(_gate);
            _asleep?.Poke(); // what this one waits for may have come before it
        }
    }

    /// <summary>The wait ends without having got anything. Nothing is taken for it afterwards.</summary>
    internal void Remove(AsyncWait wait)
    {
        lock (_gate)
        {
            if (wait.Node.List is not null)
            {
                _waits.Remove(wait.Node);
                _asleep?.Poke(); // it may have been passed by on account of this one
            }
        }
    }

    /// <summary>All waits end: the queue is disposed.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _asleep?.Poke();
            Monitor.Pulse(_gate);
        }

        FailAll(new ObjectDisposedException(typeof(ProcessQueue<>).Name));
    }

    internal void ForgetInForkedChild()
    {
        _waits.Clear();
        _hasThread = false;
        _asleep = null;
    }

    private void Run()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_waits.Count == 0 && !_isClosed)
                {
                    Monitor.Wait(_gate, s_idleLife);
                }

                if (_isClosed || _waits.Count == 0)
                {
                    _hasThread = false;
                    return;
                }
            }

            try
            {
                ServeAll();
            }
            catch (Exception exception)
            {
                FailAll(exception); // ObjectDisposedException, as from Close
            }
        }
    }

    private void ServeAll()
    {
        using QueueSleepers.Sleeper sleeper = sleepers.Begin(kind, CancellationToken.None);
        lock (_gate)
        {
            _asleep = sleeper.Place;
        }

        try
        {
            while (true)
            {
                sleeper.Arm();
                bool any = ServePass(out TimeSpan? lookAgain);
                lock (_gate)
                {
                    if (_waits.Count == 0 || _isClosed)
                    {
                        return;
                    }
                }

                if (any)
                {
                    sleepers.Inherit(); // others may be needed for what is left
                    continue;
                }

                sleeper.Sleep(WaitLimit.Never, lookAgain);
            }
        }
        finally
        {
            lock (_gate)
            {
                _asleep = null;
            }
        }
    }

    /// <summary>Serves those who can be, in the order in which they came.</summary>
    private bool ServePass(out TimeSpan? lookAgain)
    {
        bool any = false;
        lookAgain = null;
        for (AsyncWait? wait = First(null); wait is not null;)
        {
            AsyncWait? next = First(wait);
            if (wait.TryBegin())
            {
                if (wait.TryServe(ref lookAgain))
                {
                    any = true;
                    Remove(wait);
                }
                else
                {
                    wait.GoOnWaiting();
                    if (kind is Awaited.Item or Awaited.Room)
                    {
                        break; // there is nothing for the others either
                    }
                }
            }

            wait = next;
        }

        return any;
    }

    private AsyncWait? First(AsyncWait? after)
    {
        lock (_gate)
        {
            return (after is null ? _waits.First : after.Node.Next)?.Value;
        }
    }

    private void FailAll(Exception exception)
    {
        while (First(null) is { } wait)
        {
            Remove(wait);
            wait.Fail(exception);
        }
    }
}
