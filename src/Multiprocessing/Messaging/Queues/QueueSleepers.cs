using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>What a sleeper of a queue waits for.</summary>
internal enum Awaited
{
    Item,
    Room,
    AllDone,
    End, // complete and empty
}

/// <summary>Sleeping until something happens in a queue, and waking who sleeps: docs/queue-protocol.md, "Sleeping and waking".</summary>
internal sealed unsafe class QueueSleepers(QueueMemory memory)
{
    private readonly object _gate = new(); // a monitor, because Close waits on it
    private readonly HashSet<SleepPlace> _places = [];
    private readonly nint _duty = DutyOf(memory);
    private bool _isClosed;

    /// <summary>What the pending word of a thread must be while it owes somebody a wake-up.</summary>
    internal nint Duty => _duty;

    internal QueueMemory Memory => memory;

    /// <summary>Wakes one who sleeps on a word, if there may be one. Call it after the change and a full fence, with the duty on.</summary>
    internal void WakeOne(Awaited kind) => Wake(kind, 1);

    internal void WakeAll(Awaited kind) => Wake(kind, int.MaxValue);

    /// <summary>Before leaving: wakes those whose word says that they may sleep and who have something to do. With the duty on.</summary>
    internal void Inherit()
    {
        Interlocked.MemoryBarrier();
        for (Awaited kind = Awaited.Item; kind <= Awaited.End; kind++)
        {
            WakeIfThereIsSomething(kind);
        }
    }

    /// <summary>
    /// After a sleep: that may have been ended by the death of a process that had cleared words and not yet woken anybody, so the words of the other kinds are set again, and those who have
    /// something to do are woken. A word that is set though nobody sleeps costs a vain call of the kernel, once.
    /// </summary>
    /// <remarks>Not those of the own kind: they wait for the same, so this one looks for all of them, and hands on when it leaves. Or two that can do nothing would keep each other awake.</remarks>
    internal void InheritAfterSleep(Awaited own)
    {
        for (Awaited kind = Awaited.Item; kind <= Awaited.End; kind++)
        {
            if (IsOther(kind))
            {
                Volatile.Write(ref *Word(kind), QueueLayout.Sleepers);
            }
        }

        Interlocked.MemoryBarrier();
        for (Awaited kind = Awaited.Item; kind <= Awaited.End; kind++)
        {
            if (IsOther(kind))
            {
                WakeIfThereIsSomething(kind);
            }
        }

        bool IsOther(Awaited kind) => kind != own && (kind != Awaited.Room || memory.Capacity != long.MaxValue);
    }

    private void WakeIfThereIsSomething(Awaited kind)
    {
        if (!IsSet(kind))
        {
            return;
        }

        switch (kind)
        {
            case Awaited.Item when memory.IsCompleted:
            case Awaited.Room when memory.IsCompleted:
            case Awaited.AllDone when memory.Unfinished() <= 0:
            case Awaited.End when memory.IsCompleted && memory.IsEmpty():
                WakeAll(kind);
                break;
            case Awaited.Item when !memory.IsEmpty():
            case Awaited.Room when memory.CountWithAnnounced(out bool anyAnnounced) < memory.Capacity || anyAnnounced:
                WakeOne(kind);
                break;
        }
    }

    internal bool IsSet(Awaited kind) => Volatile.Read(ref *Word(kind)) != 0;

    /// <summary>Begins a section in which this thread looks and sleeps. The caller is not in a gate.</summary>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    internal Sleeper Begin(Awaited kind, CancellationToken cancellationToken)
    {
        SleepPlace place = SleepPlace.OfThisThread;
        place.Unpoke();
        Enter(place);
        return new Sleeper(this, kind, place, cancellationToken);
    }

    /// <summary>Sends all threads of this process out of their sections, and waits until they are.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            foreach (SleepPlace place in _places)
            {
                place.Poke();
            }

            while (_places.Count > 0)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>In a forked child: the sleepers are the parent's.</summary>
    internal void ForgetInForkedChild() => _places.Clear();

    /// <summary>Lets all threads of this process that sleep look again.</summary>
    internal void PokeAll()
    {
        lock (_gate)
        {
            foreach (SleepPlace place in _places)
            {
                place.Poke();
            }
        }
    }

    internal bool IsClosed => Volatile.Read(ref _isClosed);

    private static nint DutyOf(QueueMemory memory)
    {
        nint duty = WakeDuty.For(&memory.Header->Deaths);
        if (WakeDuty.IsMissing)
        {
            Volatile.Write(ref memory.Header->HasDeathsUnseen, 1); // the sleepers of all processes have to look from time to time
        }

        return duty;
    }

    private void Enter(SleepPlace place)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(ProcessQueue<>));
            _places.Add(place);
        }
    }

    private void Leave(SleepPlace place)
    {
        for (bool isInterrupted = false; ;)
        {
            try
            {
                lock (_gate)
                {
                    if (_places.Remove(place) && _places.Count == 0)
                    {
                        Monitor.PulseAll(_gate);
                    }
                }

                if (isInterrupted)
                {
                    Thread.CurrentThread.Interrupt();
                }

                return;
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true; // later: Dispose waits for this thread to leave
            }
        }
    }

    private void Wake(Awaited kind, int count)
    {
        uint* word = Word(kind);
        if (Volatile.Read(ref *word) != 0 && Interlocked.Exchange(ref *word, 0) != 0)
        {
            QueueSteps.Reached?.Invoke("word cleared");
            Os.FutexWake(ref *word, count, shared: true);
        }
    }

    private uint* Word(Awaited kind) => kind switch
    {
        Awaited.Item => &memory.Header->NotEmpty,
        Awaited.Room => &memory.Header->NotFull,
        Awaited.AllDone => &memory.Header->AllDone,
        _ => &memory.Header->Ended,
    };

    /// <summary>One thread's section. It has the duty on from beginning to end.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly ref struct Sleeper
    {
        private readonly QueueSleepers _queue;
        private readonly Awaited _kind;
        private readonly CancellationTokenRegistration _registration;
        private readonly nint* _pending;
        private readonly nint _before;

        internal Sleeper(QueueSleepers queue, Awaited kind, SleepPlace place, CancellationToken cancellationToken)
        {
            _queue = queue;
            _kind = kind;
            Place = place;
            _registration = cancellationToken.UnsafeRegister(static place => ((SleepPlace)place!).Poke(), place);
            _pending = WakeDuty.Pending;
            _before = *_pending;
            *_pending = queue._duty;
        }

        internal SleepPlace Place { get; }

        /// <summary>Says that somebody may sleep, and takes down what must not change until <see cref="Sleep"/>. Then look; then sleep.</summary>
        internal void Arm()
        {
            QueueMemory memory = _queue.Memory;
            Place.Unpoke(); // what it was for is looked for after this
            uint* word = _queue.Word(_kind);
            Volatile.Write(ref *word, QueueLayout.Sleepers);
            Interlocked.MemoryBarrier();
            Place.Clear();
            Place.Add(ref memory.Header->Deaths, Volatile.Read(ref memory.Header->Deaths)); // first: see the protocol
            Place.Add(ref *word, QueueLayout.Sleepers);
            if (WakeDuty.IsMissing)
            {
                Volatile.Write(ref memory.Header->HasDeathsUnseen, 1);
            }

            if (Volatile.Read(ref memory.Header->HasDeathsUnseen) != 0)
            {
                Place.LookAgain();
            }

            if (_kind is Awaited.AllDone or Awaited.End)
            {
                Place.Add(ref memory.Header->ConsumerChanges, Volatile.Read(ref memory.Header->ConsumerChanges));
            }

            if (_kind == Awaited.AllDone)
            {
                int consumers = memory.ConsumerCount;
                for (int i = 0; i < consumers; i++)
                {
                    Place.Add(ref memory.Consumer(i)->Done);
                }
            }

            Place.Add(ref memory.Header->Completed, Volatile.Read(ref memory.Header->Completed));
            Place.Add(ref memory.Header->LaneCount, Volatile.Read(ref memory.Header->LaneCount));
            int lanes = memory.LaneCount;
            for (int i = 0; i < lanes; i++)
            {
                Place.Add(ref _kind == Awaited.Item ? ref memory.Lane(i)->Tail : ref memory.Lane(i)->Head);
            }
        }

        internal void Sleep(in WaitLimit limit, TimeSpan? atMost = null)
        {
            Place.Sleep(limit, atMost);
            _queue.InheritAfterSleep(_kind);
        }

        /// <summary>Before leaving, with or without what was waited for: somebody else may be needed as well.</summary>
        public void Dispose()
        {
            _queue.Inherit();
            *_pending = _before;
            _registration.Dispose();
            _queue.Leave(Place);
        }
    }
}
