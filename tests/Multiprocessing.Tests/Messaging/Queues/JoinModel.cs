using System.Diagnostics;

namespace Multiprocessing.Tests;

/// <summary>
/// What <see cref="QueueModel"/> leaves out: items are marked done, the queue is completed while something is put, and some sleep in Join, some until the end. One lane, no bound. As there, one step for each access to shared memory, but
/// sums over all slots are one step; any process may be killed between any two. No execution may go on without end: sleepers that keep each other awake are a cycle among the states.
/// </summary>
/// <param name="items">How many were put before.</param>
/// <param name="consumers">How many take an item, mark it done, and take the next.</param>
/// <param name="puts">How many processes put one item.</param>
/// <param name="joins">How many sleep in Join.</param>
/// <param name="ends">How many wait for the end.</param>
/// <param name="kills">How many processes may be killed.</param>
/// <param name="flaw">A fault that the model is to find.</param>
internal sealed class JoinModel(int items, int consumers, int puts, int joins, int ends, int kills, JoinModel.Flaw flaw = JoinModel.Flaw.None)
{
    // Shared memory.
    private const int Tail = 0;
    private const int Head = 1;
    private const int Completed = 2;
    private const int AllDone = 3;
    private const int Ended = 4;
    private const int Forgiven = 5;
    private const int Killed = 6;
    private const int Shared = 7;

    // A process's slot, and its own.
    private const int Claimed = 0;
    private const int Done = 1;
    private const int Held = 2; // truly
    private const int Pc = 3;
    private const int H = 4;
    private const int Sum = 5;
    private const int Duty = 6;
    private const int OnDeaths = 7;
    private const int OnWord = 8;
    private const int Woken = 9;
    private const int Poked = 10;
    private const int Watches = 11;
    private const int Alive = 12;
    private const int Return = 13;
    private const int Kind = 14;
    private const int ExpectedDone = 15;
    private const int ExpectedHead = 16;
    private const int ExpectedCompleted = 17;
    private const int Published = 18;
    private const int Own = 19;

    private readonly Dictionary<UInt128, bool> _seen = []; // whether all that follows is known
    private List<sbyte[]> _next = [];

    internal enum Flaw
    {
        None,
        NoDuty,
        NoDeathsWatched,
        WakesOwnKind, // after a sleep
        TrustsFlagOfDead,
        WithdrawsInNobodysHands, // the head first, then done
    }

    private enum At : sbyte
    {
        Take,
        Claim,
        Compare,
        Unclaim,
        CheckCompleted,
        TellEnd,
        Did,
        TellDone,
        Put,
        Publish,
        CheckAgain,
        WithdrawClaim,
        WithdrawCompare,
        WithdrawDone,
        WithdrawUnclaim,
        WithdrawTellEnd,
        Complete,
        CompleteWake,
        Arm,
        Collect,
        Watch,
        LookDone,
        LookPublished,
        LookEmpty,
        LookHeld,
        LookLeft,
        Forgive,
        LookEnd,
        Enqueue,
        CompareWord,
        CompareOthers,
        Asleep,
        Rearm,
        InheritOther,
        LeaveOwn,
        LeaveOther,
        WakeRead,
        WakeExchange,
        WakeFutex,
        Over,
    }

    internal int States => _seen.Count;

    private int Processes => consumers + puts + joins + ends + (Completes ? 1 : 0);

    /// <summary>Whether the last process completes the queue.</summary>
    private bool Completes => ends + puts > 0;

    /// <exception cref="Xunit.Sdk.XunitException">A state that must not be was reached.</exception>
    internal void Explore(TimeSpan limit)
    {
        sbyte[] start = new sbyte[Shared + (Processes * Own)];
        start[Tail] = (sbyte)items;
        for (int process = 0; process < Processes; process++)
        {
            start[Place(process, Alive)] = 1;
            start[Place(process, Pc)] = (sbyte)(process < consumers ? At.Take : process < consumers + puts ? At.Put : Completes && process == Processes - 1 ? At.Complete : At.Arm);
        }

        long began = Stopwatch.GetTimestamp();
        Stack<(UInt128 Key, List<sbyte[]> Next)> path = [];
        Open(start);
        while (path.TryPeek(out (UInt128 Key, List<sbyte[]> Next) last))
        {
            if (last.Next.Count == 0)
            {
                _seen[last.Key] = true;
                path.Pop();
                continue;
            }

            sbyte[] state = last.Next[^1];
            last.Next.RemoveAt(last.Next.Count - 1);
            if (!_seen.TryGetValue(Key(state), out bool isClosed))
            {
                Open(state);
            }
            else
            {
                Assert.True(isClosed, "processes keep each other awake for ever");
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < limit, $"{States} states and no end");
        }

        void Open(sbyte[] state)
        {
            _seen.Add(Key(state), false);
            _next = [];
            bool canGoOn = false;
            for (int process = 0; process < Processes; process++)
            {
                if (state[Place(process, Alive)] == 1)
                {
                    canGoOn |= Step((sbyte[])state.Clone(), process);
                }
            }

            if (!canGoOn)
            {
                AssertNobodySleepsInVain(state);
            }

            for (int process = 0; process < Processes && state[Killed] < kills; process++)
            {
                if (state[Place(process, Alive)] == 1 && (At)state[Place(process, Pc)] != At.Over)
                {
                    Kill((sbyte[])state.Clone(), process);
                }
            }

            path.Push((Key(state), _next));
        }
    }

    private static UInt128 Key(sbyte[] state)
    {
        (ulong a, ulong b) = (14695981039346656037, 0x9E3779B97F4A7C15);
        foreach (sbyte value in state)
        {
            a = (a ^ (byte)value) * 1099511628211;
            b = ulong.RotateLeft((b + (byte)value + 1) * 0xD6E8FEB86659FD93, 27);
        }

        return new UInt128(a, b);
    }

    private static int Place(int process, int word) => Shared + (process * Own) + word;

    private bool IsJoin(int process) => process >= consumers + puts && process < consumers + puts + joins;

    private int SumOf(sbyte[] state, int word)
    {
        int sum = 0;
        for (int process = 0; process < Processes; process++)
        {
            sum += state[Place(process, word)];
        }

        return sum;
    }

    private int Unfinished(sbyte[] state) => state[Tail] - SumOf(state, Done) - state[Forgiven];

    private static bool IsOver(sbyte[] state) => state[Completed] == 1 && state[Head] >= state[Tail];

    private void Kill(sbyte[] state, int process)
    {
        bool owes = state[Place(process, Duty)] == 1 && flaw != Flaw.NoDuty;
        state[Killed]++;
        for (int word = Pc; word < Own; word++)
        {
            state[Place(process, word)] = 0;
        }

        bool any = false;
        for (int other = 0; other < Processes; other++)
        {
            if (process < consumers + puts && state[Place(other, Watches)] == 1 && flaw != Flaw.NoDeathsWatched)
            {
                state[Place(other, Poked)] = 1;
            }
        }

        for (int other = 0; owes && other < Processes; other++)
        {
            if (state[Place(other, Alive)] == 1 && state[Place(other, OnDeaths)] == 1)
            {
                any = true;
                sbyte[] woken = (sbyte[])state.Clone();
                Wake(woken, other);
                _next.Add(woken);
            }
        }

        if (!any)
        {
            _next.Add(state);
        }
    }

    private static void Wake(sbyte[] state, int process)
    {
        state[Place(process, Woken)] = 1;
        state[Place(process, OnDeaths)] = 0;
        state[Place(process, OnWord)] = 0;
    }

    /// <returns>False when the process can do nothing until somebody else does something.</returns>
    private bool Step(sbyte[] state, int process)
    {
        bool isJoin = IsJoin(process);
        int word = isJoin ? AllDone : Ended;
        ref sbyte My(int of) => ref state[Place(process, of)];
        void Go(At at) => state[Place(process, Pc)] = (sbyte)at;
        void WakeAll(int kind, At then)
        {
            state[Place(process, Kind)] = (sbyte)kind;
            state[Place(process, Return)] = (sbyte)then;
            Go(At.WakeRead);
        }

        switch ((At)My(Pc))
        {
            // Consumer.TryTake, TellEnd, BackOff, TryCountDone
            case At.Take:
                if (state[Head] >= state[Tail])
                {
                    return false;
                }

                My(H) = state[Head];
                Go(At.Claim);
                break;
            case At.Claim:
                My(Claimed)++;
                Go(At.Compare);
                break;
            case At.Compare:
                if (state[Head] != My(H))
                {
                    Go(At.Unclaim);
                    break;
                }

                state[Head]++;
                My(Held)++;
                Go(At.CheckCompleted);
                break;
            case At.Unclaim:
                My(Claimed)--;
                My(Duty) = 1;
                Go(At.TellDone);
                break;
            case At.CheckCompleted:
                Go(state[Completed] == 1 ? At.TellEnd : At.Did);
                break;
            case At.TellEnd:
                My(Duty) = 1;
                if (IsOver(state))
                {
                    WakeAll(Ended, At.Did);
                }
                else
                {
                    Go(At.Did);
                }

                break;
            case At.Did:
                My(Duty) = 1;
                My(Done)++;
                My(Held)--;
                Go(At.TellDone);
                break;
            case At.TellDone:
                At next = process < consumers ? At.Take : At.WithdrawTellEnd;
                My(H) = 0;
                if ((My(Done) >= My(Claimed) && state[Head] >= state[Tail]) || Unfinished(state) <= 0)
                {
                    WakeAll(AllDone, next);
                }
                else
                {
                    Go(next);
                }

                My(Duty) = (sbyte)((At)My(Pc) == At.WakeRead || process >= consumers ? 1 : 0);
                break;

            // Producer.TryPut, Consumer.TryWithdraw
            case At.Put:
                Go(state[Completed] == 1 ? At.Over : At.Publish);
                break;
            case At.Publish:
                My(Duty) = 1;
                My(H) = state[Tail]++;
                Go(At.CheckAgain);
                break;
            case At.CheckAgain:
                Go(state[Completed] == 0 ? At.Over : flaw == Flaw.WithdrawsInNobodysHands ? At.WithdrawCompare : At.WithdrawClaim);
                break;
            case At.WithdrawClaim:
                My(Claimed)++;
                Go(At.WithdrawCompare);
                break;
            case At.WithdrawCompare:
                bool isFirst = state[Head] == My(H);
                state[Head] += (sbyte)(isFirst ? 1 : 0);
                My(Held) += (sbyte)(isFirst ? 1 : 0);
                Go(isFirst ? At.WithdrawDone : At.WithdrawUnclaim);
                break;
            case At.WithdrawDone:
                My(Done)++;
                My(Held)--;
                Go(At.TellDone);
                break;
            case At.WithdrawUnclaim:
                My(Claimed) -= (sbyte)(flaw == Flaw.WithdrawsInNobodysHands ? 0 : 1);
                Go(At.TellDone);
                break;
            case At.WithdrawTellEnd:
                My(Duty) = 1; // it never was off
                if (IsOver(state))
                {
                    WakeAll(Ended, At.Over);
                }
                else
                {
                    Go(At.Over);
                }

                break;

            // QueueCore.Complete
            case At.Complete:
                My(Duty) = 1;
                state[Completed] = 1;
                Go(At.CompleteWake);
                break;
            case At.CompleteWake:
                WakeAll(Ended, At.Over);
                break;

            // QueueSleepers.Sleeper.Arm, JoinAccounts
            case At.Arm:
                My(Duty) = 1;
                My(Poked) = 0;
                state[word] = 1;
                Go(At.Collect);
                break;
            case At.Collect:
                My(ExpectedDone) = (sbyte)(isJoin ? SumOf(state, Done) : 0);
                My(ExpectedHead) = state[Head];
                My(ExpectedCompleted) = state[Completed];
                Go(At.Watch);
                break;
            case At.Watch:
                My(Watches) = 1;
                Go(isJoin ? At.LookDone : At.LookEnd);
                break;
            case At.LookDone:
                My(Sum) = (sbyte)(SumOf(state, Done) + state[Forgiven]);
                Go(At.LookPublished);
                break;
            case At.LookPublished:
                My(Published) = state[Tail];
                Go(state[Tail] - My(Sum) <= 0 ? At.LeaveOwn : At.LookEmpty);
                break;
            case At.LookEmpty:
                Go(state[Head] < state[Tail] ? At.Enqueue : At.LookHeld);
                My(H) = 0;
                break;
            case At.LookHeld:
                int at = My(H);
                if (state[Place(at, Alive)] == 1 && state[Place(at, Claimed)] > state[Place(at, Done)])
                {
                    My(H) = 0;
                    Go(At.Enqueue);
                    break;
                }

                My(H) = (sbyte)(at + 1);
                if (at + 1 == Processes)
                {
                    My(H) = state[Forgiven];
                    Go(At.LookLeft);
                }

                break;
            case At.LookLeft:
                My(Sum) = (sbyte)Unfinished(state);
                Go(My(Sum) <= 0 ? At.LeaveOwn : At.Forgive);
                break;
            case At.Forgive:
                if (state[Tail] != My(Published) || state[Forgiven] != My(H))
                {
                    My(H) = 0;
                    Go(At.Enqueue);
                    break;
                }

                int abandoned = -state[Forgiven];
                for (int other = 0; other < Processes; other++)
                {
                    abandoned += state[Place(other, Alive)] == 0 ? state[Place(other, Held)] : 0;
                }

                Assert.True(abandoned == My(Sum), $"{My(Sum)} items are said to be abandoned, but {abandoned} are");
                state[Forgiven] += My(Sum);
                Go(At.LeaveOwn);
                break;
            case At.LookEnd:
                Go(IsOver(state) ? At.LeaveOwn : At.Enqueue);
                break;

            // SleepPlace.Sleep, QueueSleepers.InheritAfterSleep
            case At.Enqueue:
                My(OnDeaths) = 1;
                My(Sum) = 0;
                My(H) = 0;
                My(Published) = 0;
                Go(At.CompareWord);
                break;
            case At.CompareWord:
                My(OnWord) = (sbyte)(1 - My(Woken));
                My(Woken) |= (sbyte)(1 - state[word]);
                Go(At.CompareOthers);
                break;
            case At.CompareOthers:
                bool isSame = (!isJoin || My(ExpectedDone) == SumOf(state, Done)) && My(ExpectedHead) == state[Head] && My(ExpectedCompleted) == state[Completed];
                My(Woken) |= (sbyte)(isSame ? 0 : 1);
                Go(At.Asleep);
                break;
            case At.Asleep:
                if (My(Woken) == 0 && My(Poked) == 0)
                {
                    return false;
                }

                Wake(state, process);
                My(Woken) = 0;
                My(ExpectedDone) = My(ExpectedHead) = My(ExpectedCompleted) = 0;
                Go(flaw == Flaw.TrustsFlagOfDead ? At.InheritOther : At.Rearm);
                break;
            case At.Rearm:
                state[isJoin ? Ended : AllDone] = 1;
                Go(At.InheritOther);
                break;
            case At.InheritOther:
                Inherit(!isJoin, At.Arm);
                break;
            case At.LeaveOwn:
                My(Sum) = My(H) = My(Published) = 0;
                My(ExpectedDone) = My(ExpectedHead) = My(ExpectedCompleted) = 0;
                Inherit(isJoin, At.LeaveOther);
                break;
            case At.LeaveOther:
                Inherit(!isJoin, At.Over);
                break;

            // QueueSleepers.Wake
            case At.WakeRead:
                Go(state[My(Kind)] == 0 ? At.WakeFutex : At.WakeExchange);
                if (state[My(Kind)] == 0)
                {
                    Returned();
                }

                break;
            case At.WakeExchange:
                int was = state[My(Kind)];
                state[My(Kind)] = 0;
                Go(At.WakeFutex);
                if (was == 0)
                {
                    Returned();
                }

                break;
            case At.WakeFutex:
                for (int other = 0; other < Processes; other++)
                {
                    if (state[Place(other, OnWord)] == 1 && IsJoin(other) == (My(Kind) == AllDone))
                    {
                        Wake(state, other);
                    }
                }

                Returned();
                break;
            default:
                return false;
        }

        _next.Add(state);
        return true;

        void Inherit(bool ofJoins, At then)
        {
            bool hasReason = ofJoins ? Unfinished(state) <= 0 : IsOver(state);
            if (flaw == Flaw.WakesOwnKind && then == At.Arm)
            {
                WakeAll(word, then);
            }
            else if (hasReason)
            {
                WakeAll(ofJoins ? AllDone : Ended, then);
            }
            else
            {
                Go(then);
                EndOfDuty(then);
            }
        }

        void Returned()
        {
            At then = (At)state[Place(process, Return)];
            state[Place(process, Kind)] = 0;
            state[Place(process, Return)] = 0;
            Go(then);
            EndOfDuty(then);
        }

        void EndOfDuty(At then)
        {
            if (then is At.Over or At.Take or At.Did)
            {
                state[Place(process, Duty)] = 0;
                state[Place(process, Watches)] = 0;
            }
        }
    }

    private void AssertNobodySleepsInVain(sbyte[] state)
    {
        bool isHeld = false;
        for (int process = 0; process < Processes; process++)
        {
            isHeld |= state[Place(process, Alive)] == 1 && state[Place(process, Claimed)] > state[Place(process, Done)];
        }

        for (int process = 0; process < Processes; process++)
        {
            if (state[Place(process, Alive)] == 1 && (At)state[Place(process, Pc)] == At.Asleep)
            {
                bool isInVain = IsJoin(process) ? Unfinished(state) <= 0 || (state[Head] >= state[Tail] && !isHeld) : IsOver(state);
                Assert.False(isInVain, IsJoin(process) ? "Join sleeps though all is done or abandoned" : "the end has come, and one sleeps");
            }
        }
    }
}
