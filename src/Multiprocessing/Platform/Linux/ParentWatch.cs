using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A child's look at whether its parent still runs.</summary>
/// <remarks>
/// The parent is opened when first asked for, so that a start costs nothing. Its number may be another's by then, but not while it still is our parent: who loses
/// the parent gets another one. So it is looked at after the opening, too.
/// </remarks>
internal static class ParentWatch
{
    private static readonly Lock s_gate = new();
    private static SafeDescriptorHandle? s_parent;

    internal static bool HasEnded => Wait(TimeSpan.Zero);

    /// <returns>Whether the parent has ended; false when the time ran out.</returns>
    internal static bool Wait(TimeSpan? timeout) => Open() is not { } parent || Os.Poll(parent, PollEvents.Readable, timeout) != PollEvents.None;

    internal static void ForgetInForkedChild()
    {
        s_parent?.Dispose();
        s_parent = null;
    }

    /// <returns>Null when it has ended.</returns>
    private static SafeDescriptorHandle? Open()
    {
        lock (s_gate)
        {
            if (s_parent is not null)
            {
                return s_parent;
            }

            int pid = ProcessIdentity.Parent!.Pid;
            try
            {
                SafeDescriptorHandle parent = Os.PidFdOpen(pid);
                if (Os.GetPpid() == pid)
                {
                    return s_parent = parent;
                }

                parent.Dispose();
                return null;
            }
            catch (PosixException exception) when (exception.Errno == Errno.ESRCH)
            {
                return null;
            }
        }
    }
}
