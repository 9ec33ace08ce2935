using System.Diagnostics;

namespace Multiprocessing.Tests;

/// <summary>
/// The algorithm of docs/queue-protocol.md, one step for each access to shared memory or call of the kernel, and all interleavings of the steps of a few processes, any of which may be killed between any two.
/// The steps follow Producer, Consumer, QueueSleepers and SleepPlace line by line; who changes one, changes the other. Complete, TaskDone, Join and the end are in <see cref="JoinModel"/>. Memory is sequentially consistent here: the fences that this needs are named in the protocol.
/// </summary>
/// <param name="producers">How many.</param>
/// <param name="items">Each producer's.</param>
/// <param name="consumers">How many; they take items for ever.</param>
/// <param name="capacity">The bound; 0: none.</param>
/// <param name="kills">How many processes may be killed.</param>
/// <param name="flaw">A fault that the model is to find, so that it is known to be able to.</param>
internal sealed class QueueModel(int producers, int items, int consumers, int capacity, int kills, QueueModel.Flaw flaw = QueueModel.Flaw.None)
{
    private const int Cells = 1; // of a segment
    private const int Entries = 3;
    private const sbyte Garbage = -9;

    // Shared memory: two flags, then the lanes.
    private const int NotEmpty = 0;
    private const int NotFull = 1;
    private const int Killed = 2;
    private const int Lanes = 3;
    private const int Tail = 0;
    private const int Head = 1;
    private const int Announcing = 2;
    private const int Newest = 3;
    private const int Freed = 4;
    private const int EntryNumber = 5;
    private const int EntryFirst = EntryNumber + Entries;
    private const int Cell = EntryFirst + Entries; // one a segment, as many as there are items, from number 1

    // A process's own.
    private const int Pc = 0;
    private const int Item = 1;
    private const int Sleeping = 2; // is in its section
    private const int Index = 3; // of a loop over the lanes
    private const int Sum = 4;
    private const int Announced = 5; // any was seen
    private const int H = 6;
    private const int N = 7;
    private const int First = 8;
    private const int Value = 9;
    private const int Return = 10;
    private const int InheritReturn = 11;
    private const int Duty = 12;
    private const int OnDeaths = 13;
    private const int OnWord = 14;
    private const int Woken = 15;
    private const int Alive = 16;
    private const int Kind = 17; // for WakeOne
    private const int Expected = 18; // of each lane
    private const int Own = 20;

    private readonly int _lane = Cell + items + 1;
    private readonly HashSet<UInt128> _seen = [];
    private readonly Stack<(sbyte[] State, int Depth)> _open = new();

    internal enum Flaw
    {
        None,
        NoDuty, // no robust futex
        NoCompare, // sleeps without comparing the tails
        ClaimWithoutCompare, // a plain store instead of compare-and-swap
        NoBaton,
        AnnounceWithoutSecondLook,
        TrustsFlagOfDead, // the woken heir looks at a flag that the dead may have cleared
    }

    private enum At : sbyte
    {
        Idle,
        Begin,
        CountAnnounced,
        CountTail,
        CountHead,
        Room,
        GrowFreed,
        GrowInvalid,
        GrowFirst,
        GrowNumber,
        GrowNewest,
        Announce,
        CountAgainAnnounced,
        CountAgainTail,
        CountAgainHead,
        Withdraw,
        WithdrawWake,
        Write,
        Publish,
        Unannounce,
        WakeRoom,
        WakeItem,
        PutDone,
        Look,
        LookTail,
        LookNewest,
        LookNumber,
        LookFirst,
        LookNumberAgain,
        Copy,
        Claim,
        ClaimStore,
        ClaimWake,
        FreeFreed,
        FreeNext,
        FreeHead,
        Punch,
        FreeDone,
        Arm,
        Collect,
        Enqueue,
        CompareWord,
        CompareLanes,
        Asleep,
        ClearDead,
        Leave,
        WakeRead,
        WakeExchange,
        WakeFutex,
        RearmOther,
        InheritItem,
        InheritTail,
        InheritHead,
        InheritRoom,
        InheritAnnounced,
        InheritRoomTail,
        InheritRoomHead,
        InheritEnd,
    }

    internal int States => _seen.Count;

    private int Processes => producers + consumers;

    /// <exception cref="Xunit.Sdk.XunitException">A state that must not be was reached.</exception>
    internal void Explore(TimeSpan limit)
    {
        sbyte[] start = new sbyte[Lanes + (producers * _lane) + (Processes * Own)];
        start.AsSpan(Lanes, producers * _lane).Clear();
        for (int process = 0; process < Processes; process++)
        {
            Set(start, process, Alive, 1);
            Set(start, process, Pc, (int)(process < producers ? At.Begin : At.Look));
        }

        for (int lane = 0; lane < producers; lane++)
        {
            for (int i = 0; i <= items; i++)
            {
                start[LaneAt(lane, Cell + i)] = Garbage;
            }
        }

        long began = Stopwatch.GetTimestamp();
        Visit(start);
        while (_open.TryPop(out (sbyte[] State, int Depth) next))
        {
            bool canGoOn = false;
            for (int process = 0; process < Processes; process++)
            {
                if (Get(next.State, process, Alive) == 1)
                {
                    canGoOn |= Step(next.State, process);
                    if (next.State[Killed] < kills)
                    {
                        Kill(next.State, process);
                    }
                }
            }

            if (!canGoOn)
            {
                AssertNobodySleepsInVain(next.State);
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < limit, $"{States} states and no end");
        }
    }

    private int LaneAt(int lane, int word) => Lanes + (lane * _lane) + word;

    private int OwnAt(int process, int word) => Lanes + (producers * _lane) + (process * Own) + word;

    private int Get(sbyte[] state, int process, int word) => state[OwnAt(process, word)];

    private void Set(sbyte[] state, int process, int word, int value) => state[OwnAt(process, word)] = (sbyte)value;

    private void Visit(sbyte[] state)
    {
        (ulong a, ulong b) = (14695981039346656037, 0x9E3779B97F4A7C15);
        foreach (sbyte value in state)
        {
            a = (a ^ (byte)value) * 1099511628211;
            b = ulong.RotateLeft((b + (byte)value + 1) * 0xD6E8FEB86659FD93, 27);
        }

        if (_seen.Add(new UInt128(a, b)))
        {
            _open.Push((state, 0));
        }
    }

    private void Kill(sbyte[] before, int process)
    {
        sbyte[] state = (sbyte[])before.Clone();
        state[Killed]++;
        bool owes = Get(state, process, Duty) == 1 && flaw != Flaw.NoDuty;
        for (int word = 0; word < Own; word++)
        {
            Set(state, process, word, 0); // nothing of it is of any further effect
        }

        if (!owes)
        {
            Visit(state);
            return;
        }

        WakeAny(state, OnDeaths, _ => true);
    }

    /// <summary>The kernel wakes one of those that are queued; which one is not known.</summary>
    private void WakeAny(sbyte[] state, int queue, Func<int, bool> which)
    {
        bool any = false;
        for (int other = 0; other < Processes; other++)
        {
            if (Get(state, other, Alive) == 1 && Get(state, other, queue) == 1 && Get(state, other, Woken) == 0 && which(other))
            {
                any = true;
                sbyte[] woken = (sbyte[])state.Clone();
                Set(woken, other, Woken, 1);
                Set(woken, other, OnDeaths, 0);
                Set(woken, other, OnWord, 0);
                Visit(woken);
            }
        }

        if (!any)
        {
            Visit(state);
        }
    }

    /// <returns>False when the process can do nothing until somebody else does something.</returns>
    private bool Step(sbyte[] before, int process)
    {
        At at = (At)Get(before, process, Pc);
        bool isProducer = process < producers;
        bool isBounded = capacity > 0;
        int own = LaneAt(isProducer ? process : 0, 0);
        int index = Get(before, process, Index);
        sbyte[] state = (sbyte[])before.Clone();

        int My(int word) => Get(state, process, word);
        void Let(int word, int value) => Set(state, process, word, value);
        void Go(At next) => Let(Pc, (int)next);
        void GoEach(At next)
        {
            Let(Index, 0);
            Go(next);
        }

        void Wake(int kind, At next)
        {
            Let(Kind, kind);
            Let(Return, (int)next);
            Go(At.WakeRead);
        }

        void Inherit(At next)
        {
            Let(InheritReturn, (int)next);
            Go(flaw == Flaw.NoBaton && next == At.Leave ? next
                : next != At.Arm ? At.InheritItem
                : !isBounded ? At.InheritEnd // after a sleep, and there is no other kind
                : flaw != Flaw.TrustsFlagOfDead ? At.RearmOther
                : isProducer ? At.InheritItem : At.InheritRoom);
        }

        bool InheritsRoom() => isBounded && !(isProducer && My(InheritReturn) == (int)At.Arm);

        void Full(bool isContended) => Go(My(Sleeping) == 0 ? At.Arm : isContended ? At.ClearDead : At.Enqueue);
        int Free(int entry) => own + EntryNumber + (entry % Entries);

        switch (at)
        {
            case At.Begin: // Producer.Prepare
                if (My(Item) == items)
                {
                    return false;
                }

                Let(Sum, 0);
                Let(Announced, 0);
                GoEach(isBounded ? At.CountAnnounced : At.Room);
                return Step(state, process);

            // QueueMemory.CountWithAnnounced
            case At.CountAnnounced or At.CountAgainAnnounced:
                int announcing = state[LaneAt(index, Announcing)];
                Let(Sum, My(Sum) + announcing);
                Let(Announced, My(Announced) | (index == process ? 0 : announcing));
                Go(at + 1);
                break;
            case At.CountTail or At.CountAgainTail:
                Let(H, state[LaneAt(index, Tail)]);
                Go(at + 1);
                break;
            case At.CountHead or At.CountAgainHead:
                Let(Sum, My(Sum) + Math.Max(My(H) - state[LaneAt(index, Head)], 0));
                Let(Index, index + 1);
                if (index + 1 < producers)
                {
                    Go(at - 2);
                }
                else if (at == At.CountHead)
                {
                    if (My(Sum) >= capacity)
                    {
                        Full(My(Announced) == 1);
                    }
                    else
                    {
                        Go(At.Room);
                    }
                }
                else
                {
                    Go(My(Sum) <= capacity || flaw == Flaw.AnnounceWithoutSecondLook ? At.Write : At.Withdraw);
                }

                break;

            // Producer.MakeRoom, OpenSegment
            case At.Room:
                bool hasRoom = state[own + Newest] > 0 && state[own + Tail] - Math.Max(state[own + Head], My(First)) < Cells;
                Go(hasRoom ? (isBounded ? At.Announce : At.Write) : At.GrowFreed);
                break;
            case At.GrowFreed:
                if (state[own + Newest] - state[own + Freed] >= Entries - 1)
                {
                    return false; // the real table has 120 entries, and never fills up
                }

                Go(At.GrowInvalid);
                break;
            case At.GrowInvalid:
                state[Free(state[own + Newest] + 1)] = 0;
                Go(At.GrowFirst);
                break;
            case At.GrowFirst:
                state[Free(state[own + Newest] + 1) + Entries] = state[own + Tail];
                Let(First, state[own + Tail]);
                Go(At.GrowNumber);
                break;
            case At.GrowNumber:
                state[Free(state[own + Newest] + 1)] = (sbyte)(state[own + Newest] + 1);
                Go(At.GrowNewest);
                break;
            case At.GrowNewest:
                state[own + Newest]++;
                Go(isBounded ? At.Announce : At.Write);
                break;

            // Producer.Announce
            case At.Announce:
                Let(Duty, 1);
                state[own + Announcing] = 1;
                Let(Sum, 0);
                GoEach(At.CountAgainAnnounced);
                break;
            case At.Withdraw:
                state[own + Announcing] = 0;
                Wake(NotFull, At.WithdrawWake);
                break;
            case At.WithdrawWake:
                Let(Duty, My(Sleeping));
                Full(isContended: true);
                break;

            // Producer.TryPut
            case At.Write:
                Let(Duty, 1);
                state[own + Cell + state[own + Newest]] = state[own + Tail];
                Go(At.Publish);
                break;
            case At.Publish:
                state[own + Tail]++;
                AssertBound(state);
                Go(isBounded ? At.Unannounce : At.WakeItem);
                break;
            case At.Unannounce:
                state[own + Announcing] = 0;
                Wake(NotFull, At.WakeItem);
                break;
            case At.WakeItem:
                Wake(NotEmpty, At.PutDone);
                return Step(state, process);
            case At.PutDone:
                Let(Item, My(Item) + 1);
                Let(Duty, My(Sleeping));
                if (My(Sleeping) == 1)
                {
                    Inherit(At.Leave);
                }
                else
                {
                    Go(At.Begin);
                }

                break;

            // Consumer.TryTake, FindLane, TryOpen
            case At.Look:
                Let(H, state[LaneAt(index, Head)]);
                Go(At.LookTail);
                break;
            case At.LookTail:
                if (My(H) < state[LaneAt(index, Tail)])
                {
                    Go(At.LookNewest);
                }
                else if (index + 1 < producers)
                {
                    Let(Index, index + 1);
                    Go(At.Look);
                }
                else
                {
                    Let(Index, 0);
                    Go(My(Sleeping) == 0 ? At.Arm : At.Enqueue);
                }

                break;
            case At.LookNewest:
                Let(N, state[LaneAt(index, Newest)]);
                Go(At.LookNumber);
                break;
            case At.LookNumber:
                Go(My(N) > 0 && state[LaneAt(index, EntryNumber + (My(N) % Entries))] == My(N) ? At.LookFirst : At.Look);
                break;
            case At.LookFirst:
                Let(First, state[LaneAt(index, EntryFirst + (My(N) % Entries))]);
                Go(At.LookNumberAgain);
                break;
            case At.LookNumberAgain:
                if (state[LaneAt(index, EntryNumber + (My(N) % Entries))] != My(N))
                {
                    Go(At.Look);
                }
                else if (My(First) <= My(H))
                {
                    Go(At.Copy);
                }
                else
                {
                    Let(N, My(N) - 1);
                    Go(At.LookNumber);
                }

                break;
            case At.Copy:
                Let(Value, state[LaneAt(index, Cell + My(N))]);
                Go(At.Claim);
                break;
            case At.Claim:
                if (state[LaneAt(index, Head)] != My(H) && flaw != Flaw.ClaimWithoutCompare)
                {
                    Go(At.Look);
                    break;
                }

                Assert.True(state[LaneAt(index, Head)] == My(H) && My(Value) == My(H), $"item {My(H)} of lane {index} was taken twice, or as {My(Value)}");
                state[LaneAt(index, Head)] = (sbyte)(My(H) + 1);
                if (isBounded)
                {
                    Let(Duty, 1);
                    Wake(NotFull, At.ClaimWake);
                }
                else
                {
                    Go(At.FreeFreed);
                }

                break;
            case At.ClaimWake:
                Let(Duty, My(Sleeping));
                Go(At.FreeFreed);
                return Step(state, process);

            // QueueMemory.FreeDrained
            case At.FreeFreed:
                Let(N, state[LaneAt(index, Freed)] + 1);
                Go(My(N) < state[LaneAt(index, Newest)] ? At.FreeNext : At.FreeDone);
                break;
            case At.FreeNext:
                Let(First, state[LaneAt(index, EntryNumber + ((My(N) + 1) % Entries))] == My(N) + 1 ? state[LaneAt(index, EntryFirst + ((My(N) + 1) % Entries))] : 99);
                Go(At.FreeHead);
                break;
            case At.FreeHead:
                Go(state[LaneAt(index, Head)] >= My(First) ? At.Punch : At.FreeDone);
                break;
            case At.Punch:
                state[LaneAt(index, Cell + My(N))] = Garbage;
                if (state[LaneAt(index, Freed)] == My(N) - 1)
                {
                    state[LaneAt(index, Freed)] = (sbyte)My(N);
                }

                Go(At.FreeFreed);
                break;
            case At.FreeDone:
                Let(Index, 0);
                Let(N, 0);
                Let(First, 0);
                Let(Value, 0);
                Let(H, 0);
                if (My(Sleeping) == 1)
                {
                    Inherit(At.Leave);
                }
                else
                {
                    Go(At.Look);
                }

                return Step(state, process);

            // QueueSleepers.Sleeper.Arm, SleepPlace.Sleep
            case At.Arm:
                Let(Sleeping, 1);
                Let(Duty, 1);
                state[isProducer ? NotFull : NotEmpty] = 1;
                GoEach(At.Collect);
                break;
            case At.Collect:
                Let(Expected + index, state[LaneAt(index, isProducer ? Head : Tail)]);
                Let(Index, index + 1);
                if (index + 1 == producers)
                {
                    GoEach(isProducer ? At.Begin : At.Look);
                }

                break;
            case At.ClearDead: // a timed sleep, then Lanes.ClearDeadAnnouncements
                for (int lane = 0; lane < producers; lane++)
                {
                    if (Get(state, lane, Alive) == 0)
                    {
                        state[LaneAt(lane, Announcing)] = 0;
                    }
                }

                Inherit(At.Arm);
                break;
            case At.Enqueue:
                Let(OnDeaths, 1);
                Go(At.CompareWord);
                break;
            case At.CompareWord:
                if (state[isProducer ? NotFull : NotEmpty] == 0)
                {
                    Let(Woken, 1);
                    Go(At.Asleep);
                    break;
                }

                Let(OnWord, My(Woken) == 1 ? 0 : 1);
                GoEach(At.CompareLanes);
                break;
            case At.CompareLanes:
                if (state[LaneAt(index, isProducer ? Head : Tail)] != My(Expected + index) && flaw != Flaw.NoCompare)
                {
                    Let(Woken, 1);
                    Go(At.Asleep);
                    break;
                }

                Let(Index, index + 1);
                if (index + 1 == producers)
                {
                    Go(At.Asleep);
                }

                break;
            case At.Asleep:
                if (My(Woken) == 0)
                {
                    return false;
                }

                Let(Woken, 0);
                Let(OnDeaths, 0);
                Let(OnWord, 0);
                Inherit(At.Arm);
                return Step(state, process);
            case At.Leave:
                Let(Sleeping, 0);
                Let(Duty, 0);
                GoEach(isProducer ? At.Begin : At.Look);
                for (int lane = 0; lane < producers; lane++)
                {
                    Let(Expected + lane, 0);
                }

                break;

            // QueueSleepers.Wake
            case At.WakeRead:
                Go(state[My(Kind)] == 0 ? (At)My(Return) : At.WakeExchange);
                break;
            case At.WakeExchange:
                int was = state[My(Kind)];
                state[My(Kind)] = 0;
                Go(was == 0 ? (At)My(Return) : At.WakeFutex);
                break;
            case At.RearmOther:
                state[isProducer ? NotEmpty : NotFull] = 1;
                Go(isProducer ? At.InheritItem : At.InheritRoom);
                break;
            case At.WakeFutex:
                Go((At)My(Return));
                bool wakesProducers = My(Kind) == NotFull;
                WakeAny(state, OnWord, other => other < producers == wakesProducers);
                return true;

            // QueueSleepers.Inherit
            case At.InheritItem:
                Let(Index, 0);
                Go(state[NotEmpty] == 1 ? At.InheritTail : InheritsRoom() ? At.InheritRoom : At.InheritEnd);
                break;
            case At.InheritTail:
                Let(H, state[LaneAt(index, Tail)]);
                Go(At.InheritHead);
                break;
            case At.InheritHead:
                if (My(H) > state[LaneAt(index, Head)])
                {
                    Let(Index, 0);
                    Wake(NotEmpty, InheritsRoom() ? At.InheritRoom : At.InheritEnd);
                }
                else if (index + 1 < producers)
                {
                    Let(Index, index + 1);
                    Go(At.InheritTail);
                }
                else
                {
                    Let(Index, 0);
                    Go(InheritsRoom() ? At.InheritRoom : At.InheritEnd);
                }

                break;
            case At.InheritRoom:
                Let(Sum, 0);
                Let(Index, 0);
                Let(Announced, 0);
                Go(state[NotFull] == 1 ? At.InheritAnnounced : At.InheritEnd);
                break;
            case At.InheritAnnounced:
                Let(Announced, Math.Max(My(Announced), state[LaneAt(index, Announcing)]));
                Go(At.InheritRoomTail);
                break;
            case At.InheritRoomTail:
                Let(H, state[LaneAt(index, Tail)]);
                Go(At.InheritRoomHead);
                break;
            case At.InheritRoomHead:
                Let(Sum, My(Sum) + Math.Max(My(H) - state[LaneAt(index, Head)], 0));
                Let(Index, index + 1);
                if (index + 1 < producers)
                {
                    Go(At.InheritAnnounced);
                }
                else if (My(Sum) < capacity || My(Announced) == 1)
                {
                    Wake(NotFull, At.InheritEnd);
                }
                else
                {
                    Go(At.InheritEnd);
                }

                break;
            case At.InheritEnd:
                Let(Sum, 0);
                Let(Announced, 0);
                Let(H, 0);
                Let(Return, 0);
                Let(Kind, 0);
                GoEach((At)My(InheritReturn));
                Let(InheritReturn, 0);
                return Step(state, process);

            default:
                throw new InvalidOperationException($"There is no step {at}.");
        }

        Visit(state);
        return true;
    }

    private void AssertBound(sbyte[] state)
    {
        int count = 0;
        for (int lane = 0; lane < producers; lane++)
        {
            count += state[LaneAt(lane, Tail)] - state[LaneAt(lane, Head)];
        }

        Assert.True(capacity == 0 || count <= capacity, "the bound is exceeded");
    }

    private void AssertNobodySleepsInVain(sbyte[] state)
    {
        int count = 0;
        for (int lane = 0; lane < producers; lane++)
        {
            count += state[LaneAt(lane, Tail)] - state[LaneAt(lane, Head)];
        }

        for (int process = 0; process < Processes; process++)
        {
            if (Get(state, process, Alive) == 1 && (At)Get(state, process, Pc) == At.Asleep)
            {
                Assert.True(process < producers ? count >= capacity : count == 0, process < producers ? "a producer sleeps while there is room" : "a consumer sleeps while there is an item");
            }
        }
    }
}
