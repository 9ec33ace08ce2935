namespace Multiprocessing.Posix;

/// <summary>What is called around a fork.</summary>
internal static class ForkHooks
{
    // Replaced whole, never changed: a fork goes through the list that was there when it began.
    private static (Action? Before, Action? InParent, Action? InChild)[] s_hooks = [];

    // Those of this fork whose first half has been called.
    private static (Action? Before, Action? InParent, Action? InChild)[] s_current = [];

    internal static void Add(Action? before, Action? inParent, Action? inChild)
    {
        (Action?, Action?, Action?)[] hooks;
        do
        {
            hooks = s_hooks;
        }
        while (Interlocked.CompareExchange(ref s_hooks, [.. hooks, (before, inParent, inChild)], hooks) != hooks);
    }

    internal static void Before()
    {
        (Action? Before, Action? InParent, Action? InChild)[] hooks = s_hooks;
        s_current = [];
        for (int i = hooks.Length - 1; i >= 0; i--)
        {
            hooks[i].Before?.Invoke();
            s_current = hooks[i..];
        }
    }

    internal static void InParent() => CallAll(hook => hook.InParent);

    internal static void InChild() => CallAll(hook => hook.InChild);

    private static void CallAll(Func<(Action? Before, Action? InParent, Action? InChild), Action?> which)
    {
        List<Exception> failures = [];
        foreach ((Action?, Action?, Action?) hook in s_current)
        {
            try
            {
                which(hook)?.Invoke();
            }
            catch (Exception failure)
            {
                failures.Add(failure); // the others guard their own state and must be called all the same
            }
        }

        if (failures.Count > 0)
        {
            throw failures.Count == 1 ? failures[0] : new AggregateException(failures);
        }
    }
}
