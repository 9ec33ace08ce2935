namespace Multiprocessing;

/// <summary>The started children of this process that have not been reaped, and what becomes of them when it leaves.</summary>
internal static class Children
{
    private static readonly Lock s_gate = new();
    private static readonly HashSet<ChildProcess> s_children = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whether this process has ever started one.</summary>
    internal static bool WereStarted { get; private set; }

    internal static void Add(ChildProcess child)
    {
        WereStarted = true;
        Leaving.Observe();
        lock (s_gate)
        {
            s_children.Add(child);
        }
    }

    internal static void Remove(ChildProcess child)
    {
        lock (s_gate)
        {
            s_children.Remove(child);
        }
    }

    /// <summary>Reaps those that have ended.</summary>
    internal static void Reap()
    {
        lock (s_gate)
        {
            if (s_children.Count == 0)
            {
                return;
            }
        }

        if (RunningChild.AnyMayHaveEnded())
        {
            ReapAndList();
        }
    }

    internal static IReadOnlyList<ChildProcess> ReapAndList() => [.. Snapshot().Where(child => !child.IsGone())];

    // The gate is never held while a child's own is taken: a child that is reaped takes them the other way round.
    private static ChildProcess[] Snapshot()
    {
        lock (s_gate)
        {
            return [.. s_children];
        }
    }

    /// <summary>As Python does: daemons are ended, the others waited for. What belongs to a call is ended, too: nobody will take its result.</summary>
    internal static void Leave()
    {
        ChildProcess[] children = Snapshot();
        Array.ForEach(children, child => child.BeginLeaving());
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Array.ForEach(children, child => child.EndLeaving(start));
        RunningChild.WaitForOutput();
    }

    /// <summary>In a forked child: these are its parent's children. Their descriptors go, above all those that keep them alive.</summary>
    internal static void Abandon()
    {
        ChildProcess[] children = Snapshot();
        s_children.Clear();
        Array.ForEach(children, child => child.Abandon());
    }
}
