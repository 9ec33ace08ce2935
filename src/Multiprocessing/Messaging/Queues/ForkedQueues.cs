using System.Runtime.CompilerServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Something that a forked child has inherited but must not go on with.</summary>
internal interface IForkable
{
    void ForgetInForkedChild();
}

/// <summary>The queues of this process, so that a child of <see cref="Os.Fork"/> takes lanes of its own instead of going on with its parent's.</summary>
internal static class ForkedQueues
{
    private static readonly Lock s_gate = new();
    private static readonly ConditionalWeakTable<IForkable, object?> s_queues = [];
    private static bool s_isHooked;

    internal static void Add(IForkable queue)
    {
        lock (s_gate)
        {
            s_queues.Add(queue, null);
            if (!s_isHooked)
            {
                s_isHooked = true;
                Os.RegisterAtFork(afterInChild: ForgetInForkedChild);
            }
        }
    }

    internal static void Remove(IForkable queue)
    {
        lock (s_gate)
        {
            s_queues.Remove(queue);
        }
    }

    private static void ForgetInForkedChild()
    {
        foreach ((IForkable queue, _) in s_queues)
        {
            queue.ForgetInForkedChild();
        }
    }
}
