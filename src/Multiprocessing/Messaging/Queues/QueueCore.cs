using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Multiprocessing;

/// <summary>How a Get went.</summary>
internal enum GetResult
{
    Taken,
    Empty,
    Drained, // and no more will be put
}

/// <summary>One process's use of a queue: what Put, Get and Join do, and how they wait.</summary>
internal sealed class QueueCore<T> : IForkable, IDisposable
{
    private const int LargestCell = 64 << 10;
    private const int SpinsForItem = 60;
    private const int SpinsForPlace = 200;
    private const int PauseOfSpin = 4;

    private static readonly TimeSpan s_firstLookForPlace = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longestLookForPlace = TimeSpan.FromMilliseconds(100);

    private readonly Producer<T>? _producer;
    private readonly Consumer<T>? _consumer;
    private readonly Producer<ItemPlace>? _bytesProducer;
    private readonly Consumer<ItemPlace>? _bytesConsumer;
    private readonly Type[]? _asked; // the types that items may name; null: any
    private bool _isDisposed;

    internal QueueCore(QueueMemory memory, bool onlyDeclaredTypes)
    {
        Memory = memory;
        _asked = onlyDeclaredTypes ? TypeReference.PartsOf(typeof(T)) : null;
        Sleepers = new QueueSleepers(memory);
        if (IsInline)
        {
            _consumer = new Consumer<T>(Sleepers);
            _producer = new Producer<T>(Sleepers, _consumer);
        }
        else
        {
            _bytesConsumer = new Consumer<ItemPlace>(Sleepers);
            _bytesProducer = new Producer<ItemPlace>(Sleepers, _bytesConsumer);
        }

        Gets = new AsyncWaits(Sleepers, Awaited.Item);
        Puts = new AsyncWaits(Sleepers, Awaited.Room);
        Joins = new AsyncWaits(Sleepers, Awaited.AllDone);
        Ends = new AsyncWaits(Sleepers, Awaited.End);
        ForkedQueues.Add(this);
    }

    /// <summary>Whether items stand in the cells as they are in memory. A constant for the compiler.</summary>
    internal static bool IsInline
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !RuntimeHelpers.IsReferenceOrContainsReferences<T>() && Unsafe.SizeOf<T>() <= LargestCell;
    }

    internal static int CellSize => IsInline ? Unsafe.SizeOf<T>() : 0;

    internal QueueMemory Memory { get; }

    internal bool OnlyDeclaredTypes => _asked is not null;

    internal QueueSleepers Sleepers { get; }

    internal AsyncWaits Gets { get; }

    internal AsyncWaits Puts { get; }

    internal AsyncWaits Joins { get; }

    internal AsyncWaits Ends { get; }

    internal int Count => (int)Look(static memory => memory.Count());

    internal bool IsCompleted => Look(static memory => memory.IsCompleted);

    /// <summary>Puts without waiting.</summary>
    /// <exception cref="NotSerializableException">The item cannot cross.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PutResult TryPut(T item)
    {
        if (IsInline)
        {
            PutResult result = _producer!.TryPut(item);
            return result == PutResult.Done ? result : Settle(item, default, result);
        }

        return TryPutBytes(item);
    }

    /// <exception cref="ChannelClosedException">No more may be put.</exception>
    internal bool Put(T item, in WaitLimit limit, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (IsInline)
        {
            PutResult result = _producer!.TryPut(item);
            return result == PutResult.Done || PutSlowly(item, default, Settle(item, default, result), limit, cancellationToken);
        }

        using Written written = new(item);
        return PutSlowly(item, written.Bytes, Settle(item, written.Bytes, TryPut(item, written.Bytes)), limit, cancellationToken);
    }

    /// <summary>Puts what <see cref="Serialize(T)"/> made; an inline item as it is.</summary>
    internal PutResult TryPut(T item, ReadOnlySpan<byte> bytes)
    {
        ItemPlace place = default;
        return Settle(item, bytes, IsInline ? _producer!.TryPut(item) : _bytesProducer!.TryPut(place, bytes));
    }

    /// <returns>What is to be given to <see cref="TryPut(T, ReadOnlySpan{byte})"/>; null for an inline item.</returns>
    internal static byte[]? Serialize(T item)
    {
        if (IsInline)
        {
            return null;
        }

        using Written written = new(item);
        return written.Bytes.ToArray();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryGet(out T item)
    {
        if (IsInline)
        {
            return TryTakeInline(out item);
        }

        if (!_bytesConsumer!.TryTake(out ItemPlace place, out byte[]? bytes))
        {
            item = default!;
            return false;
        }

        item = Deserialize(place, bytes!);
        return true;
    }

    /// <exception cref="InvalidDataException">The cell held no such value. It is lost; the next can be taken.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTakeInline(out T item)
    {
        bool isTaken = _consumer!.TryTake(out item);
        if (isTaken)
        {
            RawValues.Require(ref item);
        }

        return isTaken;
    }

    internal async ValueTask<T> GetAsync(CancellationToken cancellationToken)
    {
        if (IsInline)
        {
            AsyncWait<T> wait = new(Gets, (out T item, ref TimeSpan? _) => LookForItem(out item, out ItemPlace _, out byte[]? _), cancellationToken);
            wait.Begin();
            return await wait.Task.ConfigureAwait(false);
        }

        AsyncWait<(ItemPlace Place, byte[] Bytes)> bytesWait = new(
            Gets,
            (out (ItemPlace, byte[]) taken, ref TimeSpan? _) =>
            {
                bool isTaken = LookForItem(out T _, out ItemPlace place, out byte[]? bytes);
                taken = (place, bytes!);
                return isTaken;
            },
            cancellationToken);
        bytesWait.Begin();
        (ItemPlace place, byte[] bytes) = await bytesWait.Task.ConfigureAwait(false);
        return Deserialize(place, bytes);
    }

    internal async ValueTask PutAsync(T item, CancellationToken cancellationToken)
    {
        byte[]? bytes = Serialize(item);
        AsyncWait<bool> wait = new(
            Puts,
            (out bool isPut, ref TimeSpan? lookAgain) =>
            {
                PutResult result = TryPut(item, bytes);
                if (result == PutResult.Contended)
                {
                    lookAgain = s_longestLookForPlace;
                }

                isPut = result == PutResult.Done;
                return result == PutResult.Completed ? throw Closed() : isPut;
            },
            cancellationToken);
        wait.Begin();
        await wait.Task.ConfigureAwait(false);
    }

    /// <summary>Waits until there is something to take; false: never again.</summary>
    internal ValueTask<bool> WaitForItemAsync(CancellationToken cancellationToken) => Wait(
        Gets,
        (out bool isThere, ref TimeSpan? _) =>
        {
            bool isCompleted = IsCompleted;
            isThere = !Look(static memory => memory.IsEmpty());
            return isThere || isCompleted;
        },
        cancellationToken);

    /// <summary>Waits until there is room; false: no more may be put.</summary>
    internal ValueTask<bool> WaitForRoomAsync(CancellationToken cancellationToken) => Wait(
        Puts,
        (out bool isThere, ref TimeSpan? lookAgain) =>
        {
            (bool isCompleted, bool hasRoom, bool anyAnnounced) = Look(static memory => (memory.IsCompleted, HasRoom(memory, out bool any), any));
            lookAgain = anyAnnounced ? s_longestLookForPlace : null;
            isThere = hasRoom && !isCompleted;
            return isThere || isCompleted;
        },
        cancellationToken);

    /// <summary>Waits until the queue is complete and empty.</summary>
    internal Task WaitForEndAsync()
    {
        HolderWatch holders = new(Sleepers);
        return WaitAndDispose(Ends, (out bool isOver, ref TimeSpan? _) => isOver = JoinAccounts.IsOver(Memory, holders), holders, CancellationToken.None);
    }

    internal GetResult Get(out T item, in WaitLimit limit, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return TryGet(out item) ? GetResult.Taken : GetSlowly(out item, limit, cancellationToken);
    }

    /// <summary>No more is put, by anyone.</summary>
    /// <returns>Whether it was not so before.</returns>
    internal bool Complete() => Look(memory =>
    {
        using WakeDuty.Held duty = new(Sleepers.Duty);
        bool isFirst = Mark(memory);
        Sleepers.WakeAll(Awaited.Item);
        Sleepers.WakeAll(Awaited.Room);
        Sleepers.WakeAll(Awaited.End);
        return isFirst;
    });

    /// <returns>False when as many were done as were put.</returns>
    internal bool TryCountDone() => IsInline ? _consumer!.TryCountDone() : _bytesConsumer!.TryCountDone();

    /// <exception cref="AbandonedItemsException">Items were taken and will not be marked done.</exception>
    internal bool Join(in WaitLimit limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using QueueSleepers.Sleeper sleeper = Sleepers.Begin(Awaited.AllDone, cancellationToken);
        using HolderWatch holders = new(Sleepers);
        while (true)
        {
            sleeper.Arm();
            if (JoinAccounts.IsFinished(Memory, holders))
            {
                return true;
            }

            if (IsOver(limit, cancellationToken))
            {
                return false;
            }

            sleeper.Sleep(limit);
        }
    }

    internal Task JoinAsync(CancellationToken cancellationToken)
    {
        HolderWatch holders = new(Sleepers);
        return WaitAndDispose(Joins, (out bool isFinished, ref TimeSpan? _) => isFinished = JoinAccounts.IsFinished(Memory, holders), holders, cancellationToken);
    }

    public void Dispose()
    {
        lock (Sleepers)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        ForkedQueues.Remove(this);
        Gets.Close();
        Puts.Close();
        Joins.Close();
        Ends.Close();
        Sleepers.Close();
        _producer?.Close();
        _consumer?.Close();
        _bytesProducer?.Close();
        _bytesConsumer?.Close();
        Memory.Close();
    }

    public void ForgetInForkedChild()
    {
        Sleepers.ForgetInForkedChild();
        _producer?.ForgetInForkedChild();
        _consumer?.ForgetInForkedChild();
        _bytesProducer?.ForgetInForkedChild();
        _bytesConsumer?.ForgetInForkedChild();
        Gets.ForgetInForkedChild();
        Puts.ForgetInForkedChild();
        Joins.ForgetInForkedChild();
        Ends.ForgetInForkedChild();
    }

    /// <exception cref="NotSerializableException">It holds descriptors.</exception>
    private static void Serialize(WireWriter writer, T item)
    {
        ValueSerializer.Write(writer, item, Subject.Message);
        if (!writer.Descriptors.IsEmpty)
        {
            throw new NotSerializableException(Subject.Message, item!.GetType(), new Refusal("descriptors of this process go along with it, which a queue cannot carry", "send it over a Connection"));
        }
    }

    private T Deserialize(in ItemPlace place, byte[] bytes)
    {
        try
        {
            WireReader reader = new(bytes.AsSpan(0, (int)place.Length)) { Asked = _asked };
            return ValueSerializer.Read<T>(ref reader);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static unsafe bool Mark(QueueMemory memory) => Interlocked.Exchange(ref memory.Header->Completed, 1) == 0;

    private static bool HasRoom(QueueMemory memory, out bool anyAnnounced) =>
        memory.CountWithAnnounced(out anyAnnounced) < memory.Capacity
        || (anyAnnounced && Lanes.ClearDeadAnnouncements(memory) && memory.CountWithAnnounced(out anyAnnounced) < memory.Capacity);

    private TResult Look<TResult>(Func<QueueMemory, TResult> look) => IsInline ? _consumer!.Look(look) : _bytesConsumer!.Look(look);

    private PutResult TryPutBytes(T item)
    {
        using Written written = new(item);
        return TryPut(item, written.Bytes);
    }

    /// <summary>What becomes of a put that did not simply succeed: those that were kept out by others' tries are tried again, but not for ever.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private PutResult Settle(T item, ReadOnlySpan<byte> bytes, PutResult result)
    {
        SpinWait spinner = default;
        for (int i = 0; result == PutResult.Contended; i++)
        {
            if (i == SpinsForPlace)
            {
                Look(static memory => Lanes.ClearDeadAnnouncements(memory)); // who announced may be dead, or stopped
            }
            else if (i > SpinsForPlace)
            {
                return PutResult.Contended;
            }
            else
            {
                spinner.SpinOnce(sleep1Threshold: -1);
            }

            result = IsInline ? _producer!.TryPut(item) : _bytesProducer!.TryPut(default, bytes);
        }

        return result == PutResult.Withdrawn ? PutResult.Completed : result;
    }

    private bool PutSlowly(T item, ReadOnlySpan<byte> bytes, PutResult result, in WaitLimit limit, CancellationToken cancellationToken)
    {
        if (result is PutResult.Full or PutResult.Contended)
        {
            if (limit.IsOver)
            {
                return false;
            }

            result = PutSleeping(item, bytes, limit, cancellationToken);
        }

        return result == PutResult.Completed ? throw Closed() : result == PutResult.Done;
    }

    private PutResult PutSleeping(T item, ReadOnlySpan<byte> bytes, in WaitLimit limit, CancellationToken cancellationToken)
    {
        using QueueSleepers.Sleeper sleeper = Sleepers.Begin(Awaited.Room, cancellationToken);
        TimeSpan lookForPlace = s_firstLookForPlace;
        while (true)
        {
            sleeper.Arm();
            PutResult result = TryPut(item, bytes);
            if (result is PutResult.Done or PutResult.Completed || IsOver(limit, cancellationToken))
            {
                return result;
            }

            if (result == PutResult.Contended)
            {
                // A living process will take its announcement back, unless it is stopped. Its death changes no word, so this one looks.
                sleeper.Sleep(limit, lookForPlace);
                lookForPlace = lookForPlace < s_longestLookForPlace ? lookForPlace * 2 : s_longestLookForPlace;
                Lanes.ClearDeadAnnouncements(Memory);
            }
            else
            {
                sleeper.Sleep(limit);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private GetResult GetSlowly(out T item, in WaitLimit limit, CancellationToken cancellationToken)
    {
        byte[]? bytes;
        ItemPlace place;
        if (limit.IsOver)
        {
            // One put before Complete may have come since the look.
            return !IsCompleted ? Nothing(out item) : TryGet(out item) ? GetResult.Taken : GetResult.Drained;
        }

        if (Environment.ProcessorCount > 1)
        {
            for (int i = 0; i < SpinsForItem; i++)
            {
                Thread.SpinWait(PauseOfSpin);
                if (TryGet(out item))
                {
                    return GetResult.Taken;
                }
            }
        }

        GetResult result = TakeSleeping(out item, out place, out bytes, limit, cancellationToken);
        if (!IsInline && result == GetResult.Taken)
        {
            item = Deserialize(place, bytes!); // not while sleeping: this runs user code
        }

        return result;
    }

    private GetResult TakeSleeping(out T item, out ItemPlace place, out byte[]? bytes, in WaitLimit limit, CancellationToken cancellationToken)
    {
        using QueueSleepers.Sleeper sleeper = Sleepers.Begin(Awaited.Item, cancellationToken);
        place = default;
        bytes = null;
        item = default!;
        while (true)
        {
            sleeper.Arm();
            bool isCompleted = Memory.IsCompleted;
            if (IsInline ? TryTakeInline(out item) : _bytesConsumer!.TryTake(out place, out bytes))
            {
                return GetResult.Taken;
            }

            if (isCompleted)
            {
                return GetResult.Drained;
            }

            if (IsOver(limit, cancellationToken))
            {
                return GetResult.Empty;
            }

            sleeper.Sleep(limit);
        }
    }

    private bool LookForItem(out T item, out ItemPlace place, out byte[]? bytes)
    {
        bool isCompleted = IsCompleted;
        (item, place, bytes) = (default!, default, null);
        bool isTaken = IsInline ? TryTakeInline(out item) : _bytesConsumer!.TryTake(out place, out bytes);
        return isTaken || !isCompleted ? isTaken : throw Closed();
    }

    private static ValueTask<bool> Wait(AsyncWaits side, AsyncWait<bool>.Look look, CancellationToken cancellationToken)
    {
        AsyncWait<bool> wait = new(side, look, cancellationToken);
        try
        {
            wait.Begin();
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<bool>(exception);
        }

        return new ValueTask<bool>(wait.Task);
    }

    private static async Task WaitAndDispose(AsyncWaits side, AsyncWait<bool>.Look look, HolderWatch holders, CancellationToken cancellationToken)
    {
        using (holders)
        {
            AsyncWait<bool> wait = new(side, look, cancellationToken);
            wait.Begin();
            await wait.Task.ConfigureAwait(false);
        }
    }

    private static GetResult Nothing(out T item)
    {
        item = default!;
        return GetResult.Empty;
    }

    private bool IsOver(in WaitLimit limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(Sleepers.IsClosed, typeof(ProcessQueue<T>));
        return limit.IsOver;
    }

    internal static ChannelClosedException Closed() => new("The queue is complete: nothing can be put any more, and all that was put is taken.");

    /// <summary>An item's bytes, in a buffer of this thread's.</summary>
    private readonly ref struct Written
    {
        private readonly WireWriter _writer;

        internal Written(T item)
        {
            _writer = MessageWriters.Rent();
            try
            {
                Serialize(_writer, item);
            }
            catch
            {
                MessageWriters.Return(_writer); // with what it attached of a refused item
                throw;
            }
        }

        internal ReadOnlySpan<byte> Bytes => _writer.Written;

        public void Dispose() => MessageWriters.Return(_writer);
    }
}
