namespace Multiprocessing.Posix;

/// <summary>A child that the layer above looks after, whoever waits for it.</summary>
/// <param name="pid">Its process ID, which may be another's once it has been reaped.</param>
/// <param name="isHelper">Whether the library started it for itself.</param>
internal sealed class WatchedChild(int pid, bool isHelper)
{
    internal int Pid => pid;

    internal bool IsHelper => isHelper;

    /// <summary>Its end, if some wait of <see cref="Os"/> has taken it; to be read through <see cref="ReapedChildren.FindEnd"/>.</summary>
    internal WaitIdResult? Taken { get; set; }
}

/// <summary>What the layer above has to know of the waits that user code makes: which of its children they took, and which they must pass over.</summary>
/// <remarks>
/// A watched child may be reaped by any wait of <see cref="Os"/>; its end is kept for its owner. To take a child and to write that down is one step under the gate,
/// so that its owner, who sees it ended but not waitable, finds it or learns for certain that somebody else has it. A start holds the
/// gate too, but shared with other starts: no wait can take a child before it is watched. A helper is neither reported to user code that waits for
/// any child, nor waited for.
/// </remarks>
internal static class ReapedChildren
{
    private static readonly Dictionary<int, WatchedChild> s_watched = [];

    private static ReaderWriterLockSlim s_gate = new(LockRecursionPolicy.NoRecursion);
    private static int s_helpers;

    /// <summary>Whether there are children that a wait for any child has to pass over.</summary>
    internal static bool HasHelpers => Volatile.Read(ref s_helpers) > 0;

    /// <summary>Starts a child and watches it, before any wait of this process can take it.</summary>
    /// <param name="start">Starts the child and returns its ID; it must not wait for a child.</param>
    /// <param name="isHelper">Whether the child is the library's own business.</param>
    internal static WatchedChild Start(Func<int> start, bool isHelper = false)
    {
        s_gate.EnterReadLock();
        try
        {
            WatchedChild child = new(start(), isHelper);
            lock (s_watched)
            {
                s_watched[child.Pid] = child;
                s_helpers += isHelper ? 1 : 0;
            }

            return child;
        }
        finally
        {
            s_gate.ExitReadLock();
        }
    }

    /// <summary>How a child ended that cannot be waited for any more: sure to be found unless somebody else than <see cref="Os"/> took it.</summary>
    internal static WaitIdResult? FindEnd(WatchedChild child)
    {
        s_gate.EnterReadLock(); // whoever has just taken it may be about to write it down
        try
        {
            return child.Taken;
        }
        finally
        {
            s_gate.ExitReadLock();
        }
    }

    /// <summary>Its owner has its end, or gives it up.</summary>
    internal static void Forget(WatchedChild child)
    {
        lock (s_watched)
        {
            if (s_watched.GetValueOrDefault(child.Pid) == child)
            {
                s_watched.Remove(child.Pid);
                s_helpers -= child.IsHelper ? 1 : 0;
            }
        }
    }

    internal static bool IsHelper(int pid)
    {
        lock (s_watched)
        {
            return s_watched.GetValueOrDefault(pid) is { IsHelper: true };
        }
    }

    /// <summary>Takes what a child has to report, and writes its end down if the child is watched.</summary>
    /// <param name="take">Waits for this one child, without blocking; null when somebody else was faster.</param>
    internal static WaitIdResult? Take(int pid, Func<WaitIdResult?> take)
    {
        s_gate.EnterWriteLock();
        try
        {
            WaitIdResult? taken = take();
            if (taken is { Status: { Exited: true } or { Signaled: true } })
            {
                lock (s_watched)
                {
                    if (s_watched.Remove(pid, out WatchedChild? child)) // the number is free for another child from now on
                    {
                        child.Taken = taken;
                        s_helpers -= child.IsHelper ? 1 : 0;
                    }
                }
            }

            return taken;
        }
        finally
        {
            s_gate.ExitWriteLock();
        }
    }

    /// <summary>In a forked child: the parent's children are no children of this process.</summary>
    internal static void ForgetAllInForkedChild()
    {
        s_gate = new ReaderWriterLockSlim(LockRecursionPolicy.NoRecursion);
        s_watched.Clear();
        s_helpers = 0;
    }
}
