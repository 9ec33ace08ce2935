using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>
/// Ends a child with its parent, by the kernel alone: the child asks for SIGKILL when something happens on its end of a pipe, and
/// nothing ever does but the closing of the other end, which the kernel does for a parent that dies in whatever way.
/// </summary>
/// <remarks>
/// It works however wedged the child's runtime is. PR_SET_PDEATHSIG would not do: it fires when the parent's thread ends.
/// The parent may have died before the child is armed; no signal tells of that, so the pipe is polled once afterwards.
/// Nothing is ever written to the pipe. See fcntl(2), F_SETSIG, and signal(7).
/// The kernel sends the signal only if who armed it, as he was then, may kill the process as it is in the end: so a child that changes its user arms it again.
/// The one exception, root of the whole system, is not root of a container.
/// </remarks>
internal static class Lifeline
{
    private const int O_ASYNC = 0x2000;
    private const int O_NONBLOCK = 0x800;

    /// <param name="end">The child's end, kept open as long as the process lives.</param>
    internal static void Arm(SafeDescriptorHandle end)
    {
        Os.Fcntl(end, FcntlCommand.SetOwner, Os.GetPid());
        Os.Fcntl(end, FcntlCommand.SetSignal, Signal.Kill.Number);
        Os.Fcntl(end, FcntlCommand.SetStatusFlags, O_ASYNC | O_NONBLOCK);
        if (Os.Poll(end, PollEvents.Readable, TimeSpan.Zero) != PollEvents.None)
        {
            Os.Kill(Os.GetPid(), Signal.Kill);
        }
    }
}
