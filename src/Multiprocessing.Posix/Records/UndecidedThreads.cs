using System.Diagnostics;

namespace Multiprocessing.Posix;

/// <summary>Threads in state R of which one look does not tell whether they are on a processor. What they do next tells it.</summary>
internal sealed class UndecidedThreads(ProcessFolder folder)
{
    // A thread on a processor has its time counted at each tick of the kernel's timer: every 10 milliseconds at the least.
    private static readonly TimeSpan s_twoTicks = TimeSpan.FromMilliseconds(21);

    // Enough to see a thread that changes places all the time once without a change.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(105);

    private readonly List<(string Name, ThreadActivity First, long Since)> _threads = [];

    internal void Add(string name, ThreadActivity first) => _threads.Add((name, first, Stopwatch.GetTimestamp()));

    /// <summary>Whether one of them was on a processor when it was added.</summary>
    internal bool AnyRan()
    {
        long start = Stopwatch.GetTimestamp();
        while (_threads.Count > 0)
        {
            bool changed = false;
            for (int i = _threads.Count - 1; i >= 0; i--)
            {
                (string name, ThreadActivity first, long since) = _threads[i];
                long look = Stopwatch.GetTimestamp();
                bool gone = ThreadActivity.TryRead(folder, name, out ThreadActivity now) != 0;
                bool? ran = gone ? false : Ran(first, now);
                if (ran == true)
                {
                    return true;
                }

                TimeSpan watched = Stopwatch.GetElapsedTime(since, look);
                if (ran == false || watched > s_twoTicks || Stopwatch.GetElapsedTime(start, look) > s_patience)
                {
                    _threads.RemoveAt(i);
                }
                else if (now.GaveUp != first.GaveUp)
                {
                    // It was given a processor as often as it gave one up, so what it does now is what it did at first.
                    _threads[i] = (name, now, look);
                    changed = true;
                }
            }

            if (_threads.Count > 0 && !changed)
            {
                Thread.Sleep(1);
            }
        }

        return false;
    }

    /// <summary>Whether a thread was on a processor at the first of two looks; null: they do not tell.</summary>
    internal static bool? Ran(ThreadActivity first, ThreadActivity now)
    {
        if (first.Counts is not { } before)
        {
            return true; // the kernel does not count, so its letter is all there is
        }

        if (now.Counts is not { } after)
        {
            return true; // it went to sleep or ended, for which it had to be on a processor
        }

        long given = after.Turns - before.Turns;
        long gaveUp = now.GaveUp - first.GaveUp;
        return given != gaveUp ? gaveUp > given // it gave up what it had, or was given what it had not
            : given == 0 && after.Nanoseconds > before.Nanoseconds ? true
            : null;
    }
}
