using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A queue in shared memory, for any number of processes that put and take items. It goes to a child as an argument or a captured variable, and over a <c>Connection</c>.</summary>
/// <typeparam name="T">The items. Types without references are copied as they are, 0 bytes allocated; others are serialized, as arguments of children are.</typeparam>
/// <remarks>
/// <para>
/// A process that is killed, at whatever instant, neither breaks the queue nor keeps anybody waiting: an item is delivered exactly once, or was taken by the process that was killed. There is no lock that it could hold, and no thread that
/// feeds the queue: what Put has returned for is in the queue, and the process may end. docs/queue-protocol.md tells how.
/// </para>
/// <para>
/// Order: the items that one process puts through one object come out in the order of its Puts, its threads' too. Between processes, and between two objects of one queue in the same process, there is none.
/// </para>
/// <para>All members may be used by any thread at the same time, Dispose too; none by a signal handler. A child of <see cref="Os.Fork"/> may use what it inherits.</para>
/// </remarks>
public sealed class ProcessQueue<T> : IDisposable, ICrossing
{
    private QueueCore<T> _core; // Arrive makes an object without a constructor
    private Reading? _reader;
    private Writing? _writer;

    /// <summary>Makes a queue.</summary>
    /// <param name="capacity">How many items it has at most, all processes together, never exceeded; null: as many as memory has room for.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is not greater than 0.</exception>
    /// <exception cref="PosixException">EMFILE, ENFILE, ENOMEM.</exception>
    /// <exception cref="IOException">This process may not have files of 32 MiB (RLIMIT_FSIZE).</exception>
    public ProcessQueue(int? capacity = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity ?? 1, nameof(capacity));
        _core = new QueueCore<T>(QueueMemory.Create(capacity ?? long.MaxValue, QueueCore<T>.CellSize), onlyDeclaredTypes: false);
    }

    /// <summary>Makes a queue with other properties than the usual ones.</summary>
    /// <param name="options">The properties.</param>
    /// <inheritdoc cref="ProcessQueue{T}(int?)" path="/exception[@cref='PosixException' or @cref='IOException']"/>
    public ProcessQueue(ProcessQueueOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _core = new QueueCore<T>(QueueMemory.Create(options.Capacity ?? long.MaxValue, QueueCore<T>.CellSize), options.OnlyDeclaredTypes);
    }

    /// <summary>How many items are there: exact when nobody puts or takes any, and never more than the capacity.</summary>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public int Count => _core.Count;

    /// <summary>How many items there can be; null: no limit.</summary>
    public int? Capacity => _core.Memory.Capacity == long.MaxValue ? null : (int)_core.Memory.Capacity;

    /// <summary>To read it as a channel. Its Completion ends when the queue is complete and empty; once asked for, a thread of this process waits for that. It can count.</summary>
    public ChannelReader<T> Reader => LazyInitializer.EnsureInitialized(ref _reader, () => new Reading(_core));

    /// <summary>To write it as a channel. An error given to TryComplete does not cross.</summary>
    public ChannelWriter<T> Writer => LazyInitializer.EnsureInitialized(ref _writer, () => new Writing(_core));

    /// <summary>Puts an item, and waits for room if the queue is bounded and full; one without a bound is never waited for.</summary>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ChannelClosedException">The queue is complete.</exception>
    /// <exception cref="NotSerializableException">The item cannot cross; nothing was put.</exception>
    /// <exception cref="IOException">The queue's file is used up, which only RLIMIT_FSIZE of the process that made it can bring about; nothing was put.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled; nothing was put.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public void Put(T item, CancellationToken cancellationToken = default)
    {
        // What mostly happens needs none of the rest. Items that are serialized would be so twice.
        if (!QueueCore<T>.IsInline || cancellationToken.IsCancellationRequested || _core.TryPut(item) != PutResult.Done)
        {
            _core.Put(item, WaitLimit.Never, cancellationToken);
        }
    }

    /// <summary>Puts an item if there is room in time.</summary>
    /// <param name="item">The item.</param>
    /// <param name="timeout">How long to wait for room at most; zero: not at all; <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <returns>False when there was no room.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="ChannelClosedException">The queue is complete.</exception>
    /// <exception cref="NotSerializableException">The item cannot cross; nothing was put.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public bool TryPut(T item, TimeSpan timeout = default) => _core.Put(item, new WaitLimit(timeout), CancellationToken.None);

    /// <summary>Takes the next item, and waits for one if there is none.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The item.</returns>
    /// <exception cref="ChannelClosedException">The queue is complete and empty.</exception>
    /// <exception cref="InvalidDataException">The item is not a <typeparamref name="T"/>, and is taken all the same; or the memory is damaged.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled; nothing was taken.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public T Get(CancellationToken cancellationToken = default) =>
        (!cancellationToken.IsCancellationRequested && _core.TryGet(out T item)) || _core.Get(out item, WaitLimit.Never, cancellationToken) == GetResult.Taken ? item : throw QueueCore<T>.Closed();

    /// <summary>Takes the next item if there is one in time.</summary>
    /// <param name="item">The item.</param>
    /// <param name="timeout">How long to wait at most; zero: not at all; <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <returns>False when there was none, or the queue is complete and empty.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="InvalidDataException">The item is not a <typeparamref name="T"/>, or the memory is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public bool TryGet([MaybeNullWhen(false)] out T item, TimeSpan timeout = default) => _core.Get(out item, new WaitLimit(timeout), CancellationToken.None) == GetResult.Taken;

    /// <summary>As <see cref="Put"/>; a wait blocks no thread. Waits are served in the order in which they began.</summary>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is put.</returns>
    /// <exception cref="ChannelClosedException">The queue is complete.</exception>
    /// <exception cref="NotSerializableException">The item cannot cross; nothing was put.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled; nothing was put.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public ValueTask PutAsync(T item, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        try
        {
            PutResult result = _core.Memory.Capacity != long.MaxValue && _core.Puts.Any ? PutResult.Full : _core.TryPut(item);
            return result switch
            {
                PutResult.Done => default,
                PutResult.Completed => ValueTask.FromException(QueueCore<T>.Closed()),
                _ => _core.PutAsync(item, cancellationToken),
            };
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    /// <summary>As <see cref="Get"/>; a wait blocks no thread. Waits are served in the order in which they began.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The item.</returns>
    /// <exception cref="ChannelClosedException">The queue is complete and empty.</exception>
    /// <exception cref="InvalidDataException">The item is not a <typeparamref name="T"/>, or the memory is damaged.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled; nothing was taken.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public ValueTask<T> GetAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        try
        {
            return _core.TryGet(out T item) ? new ValueTask<T>(item) : _core.GetAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<T>(exception);
        }
    }

    /// <summary>Takes items until the queue is complete and empty.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The items.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public async IAsyncEnumerable<T> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        do
        {
            while (_core.TryGet(out T item))
            {
                yield return item;
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        while (await _core.WaitForItemAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>From now on nothing can be put, by any process; what is there can still be taken. Calling it again does nothing.</summary>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public void Complete() => _ = _core.Complete();

    /// <summary>Says that an item taken from the queue is done, for <see cref="Join"/>.</summary>
    /// <remarks>
    /// Any process may say so, as long as no more are done than were put; of two that say it at the same time once too often, both may succeed. Best it is the one that took the item: an item that another one has marked
    /// done still counts as held by who took it, so that <see cref="Join"/> tells of other abandoned items only when that process has ended. A Get that throws <see cref="InvalidDataException"/> because of what the item is has taken it: call this for it, too.
    /// </remarks>
    /// <exception cref="InvalidOperationException">As many were marked done as were put.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public void TaskDone()
    {
        if (!_core.TryCountDone())
        {
            throw new InvalidOperationException("TaskDone was called more often than items were put.");
        }
    }

    /// <summary>Waits until every item that was put is taken and marked done by <see cref="TaskDone"/>.</summary>
    /// <param name="timeout">How long at most; null or <see cref="Timeout.InfiniteTimeSpan"/>: for ever; zero: not at all.</param>
    /// <returns>False when the time ran out.</returns>
    /// <exception cref="AbandonedItemsException">All others are done, but these were taken by processes that have ended, or disposed of the queue, without marking them done.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public bool Join(TimeSpan? timeout = null) => _core.Join(new WaitLimit(timeout), CancellationToken.None);

    /// <summary>As <see cref="Join"/>. One thread waits for all that wait like this.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When every item is done.</returns>
    /// <exception cref="AbandonedItemsException">All others are done, but these were taken by processes that have ended, or disposed of the queue, without marking them done.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public Task JoinAsync(CancellationToken cancellationToken = default) => _core.JoinAsync(cancellationToken);

    /// <summary>Ends this process's use of the queue, not the queue: others go on, and items stay for them. Who waits in it is thrown ObjectDisposedException. Calling it again does nothing.</summary>
    public void Dispose() => _core.Dispose();

    void ICrossing.Depart(WireWriter writer)
    {
        ObjectDisposedException.ThrowIf(_core.Sleepers.IsClosed, this);
        if (writer.ForAnotherUser && !QueueCore<T>.IsInline && !_core.OnlyDeclaredTypes)
        {
            throw new RefusedException(GetType(), new Refusal("a child that runs as another user could put items of any type into it, which the others would then make", $"make it with {nameof(ProcessQueueOptions)}.{nameof(ProcessQueueOptions.OnlyDeclaredTypes)}"));
        }

        writer.Bool(_core.OnlyDeclaredTypes);
        writer.Attach(_core.Memory.File);
    }

    void ICrossing.Arrive(ref WireReader reader)
    {
        bool onlyDeclaredTypes = reader.Bool();
        _core = new QueueCore<T>(QueueMemory.Open(reader.Descriptor(), QueueCore<T>.CellSize), onlyDeclaredTypes);
    }

    private sealed class Reading(QueueCore<T> core) : ChannelReader<T>
    {
        private Task? _completion;

        public override Task Completion => LazyInitializer.EnsureInitialized(ref _completion, core.WaitForEndAsync);

        public override bool CanCount => true;

        public override int Count => core.Count;

        public override bool TryRead([MaybeNullWhen(false)] out T item) => core.TryGet(out item);

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
            cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<bool>(cancellationToken) : core.WaitForItemAsync(cancellationToken);
    }

    private sealed class Writing(QueueCore<T> core) : ChannelWriter<T>
    {
        public override bool TryComplete(Exception? error = null) => core.Complete();

        public override bool TryWrite(T item) => core.TryPut(item) == PutResult.Done;

        public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) =>
            cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<bool>(cancellationToken) : core.WaitForRoomAsync(cancellationToken);
    }
}
