using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int CodeExited = 1;
    private const int CodeKilled = 2;
    private const int CodeDumped = 3;
    private const int CodeTrapped = 4;
    private const int CodeStopped = 5;

    private static readonly int s_waitIdNumber = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 247 : 95;

    /// <summary>Waits for any child to end, and takes its status. See wait(2).</summary>
    /// <returns>The child's process ID, and how it ended.</returns>
    /// <remarks>
    /// A wait that a signal interrupts goes on. It takes any child of this process, a <c>ChildProcess</c> too, which still learns its exit code; do not use it beside
    /// System.Diagnostics.Process, whose children it would take as well (the runtime does not survive that). Processes that the
    /// library started for itself, such as its fork server, are neither reported nor waited for.
    /// </remarks>
    /// <exception cref="NoChildProcessException">There is no child to wait for.</exception>
    public static (int Pid, WaitStatus Status) Wait()
    {
        WaitIdResult ended = WaitFor("wait", -1, WaitOptions.None)!;
        return (ended.Pid, ended.Status);
    }

    /// <summary>Waits for a child to end, or to stop or go on where the options say so, and takes its status. See waitpid(2).</summary>
    /// <param name="pid">Above 0: this child; -1: any; 0: any of this process's group; below -1: any of the group -pid.</param>
    /// <param name="options">What to wait for beside the end, and whether to wait at all.</param>
    /// <returns>The child's process ID, and what happened; ID 0 with <see cref="WaitOptions.NoHang"/> when nothing has.</returns>
    /// <remarks>As for <see cref="Wait"/>.</remarks>
    /// <exception cref="NoChildProcessException">There is no such child.</exception>
    /// <exception cref="PosixException">EINVAL: the options are not valid.</exception>
    public static (int Pid, WaitStatus Status) WaitPid(int pid, WaitOptions options = WaitOptions.None) =>
        WaitFor("waitpid", pid, options) is { } changed ? (changed.Pid, changed.Status) : default;

    /// <summary>Waits for any child, and also tells what it has used. See wait3(2).</summary>
    /// <param name="options">What to wait for beside the end, and whether to wait at all.</param>
    /// <returns>The child's process ID, what happened, and what it and those that it waited for have used; ID 0 with <see cref="WaitOptions.NoHang"/> when nothing has happened.</returns>
    /// <remarks>As for <see cref="Wait"/>.</remarks>
    /// <exception cref="NoChildProcessException">There is no child to wait for.</exception>
    /// <exception cref="PosixException">EINVAL: the options are not valid.</exception>
    public static (int Pid, WaitStatus Status, ResourceUsage Usage) Wait3(WaitOptions options = WaitOptions.None) =>
        WaitFor("wait3", -1, options) is { } changed ? (changed.Pid, changed.Status, changed.Usage) : default;

    /// <summary>Waits for a child, and also tells what it has used. See wait4(2).</summary>
    /// <param name="pid">As for <see cref="WaitPid"/>.</param>
    /// <param name="options">What to wait for beside the end, and whether to wait at all.</param>
    /// <returns>The child's process ID, what happened, and what it and those that it waited for have used; ID 0 with <see cref="WaitOptions.NoHang"/> when nothing has happened.</returns>
    /// <remarks>As for <see cref="Wait"/>.</remarks>
    /// <exception cref="NoChildProcessException">There is no such child.</exception>
    /// <exception cref="PosixException">EINVAL: the options are not valid.</exception>
    public static (int Pid, WaitStatus Status, ResourceUsage Usage) Wait4(int pid, WaitOptions options = WaitOptions.None) =>
        WaitFor("wait4", pid, options) is { } changed ? (changed.Pid, changed.Status, changed.Usage) : default;

    /// <summary>Waits for a child to change state. See waitid(2).</summary>
    /// <param name="type">What <paramref name="id"/> names.</param>
    /// <param name="id">A process ID, a process group (0: this process's) or a pidfd; not used for <see cref="IdType.Any"/>.</param>
    /// <param name="options">At least one of Exited, Stopped and Continued.</param>
    /// <returns>What happened; null with <see cref="WaitIdOptions.NoHang"/> when nothing has.</returns>
    /// <remarks>As for <see cref="Wait"/>.</remarks>
    /// <exception cref="NoChildProcessException">There is no such child.</exception>
    /// <exception cref="PosixException">EINVAL: the options are not valid; EAGAIN: a non-blocking pidfd whose process goes on.</exception>
    public static WaitIdResult? WaitId(IdType type, int id, WaitIdOptions options) => WaitFor("waitid", type, id, options);

    /// <summary>Whether any child has ended and was not waited for, a helper of the library included.</summary>
    /// <exception cref="NoChildProcessException">There is no child at all.</exception>
    internal static bool AnyChildHasEnded() => WaitId("waitid", IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoHang | WaitIdOptions.NoWait) is not null;

    private static WaitIdResult? WaitFor(string call, int pid, WaitOptions options)
    {
        if ((options & ~(WaitOptions.NoHang | WaitOptions.Untraced | WaitOptions.Continued)) != WaitOptions.None)
        {
            throw PosixException.For(call, Errno.EINVAL);
        }

        (IdType type, int id) = pid switch
        {
            int.MinValue => throw PosixException.For(call, Errno.ESRCH), // there is no group of that number; the call says so itself
            > 0 => (IdType.Pid, pid),
            -1 => (IdType.Any, 0),
            _ => (IdType.ProcessGroup, -pid),
        };
        return WaitFor(call, type, id, (WaitIdOptions)options | WaitIdOptions.Exited); // the other bits are the same
    }

    /// <remarks>
    /// First a look, which may block, then the taking of what was seen, which never does: see <see cref="ReapedChildren"/>. Killed between
    /// the two, this process leaves the child as it was.
    /// </remarks>
    private static WaitIdResult? WaitFor(string call, IdType type, int id, WaitIdOptions options)
    {
        while (true)
        {
            bool passesHelpers = type is IdType.Any or IdType.ProcessGroup && ReapedChildren.HasHelpers;
            WaitIdResult? seen = WaitId(call, type, id, options | WaitIdOptions.NoWait | (passesHelpers ? WaitIdOptions.NoHang : WaitIdOptions.None));
            if (seen is null)
            {
                if (!passesHelpers || !SleepBesideHelpers(call, type, id, options))
                {
                    return null;
                }

                continue;
            }

            bool isHelper = type is IdType.Any or IdType.ProcessGroup && ReapedChildren.IsHelper(seen.Pid); // perhaps since this wait began
            if ((options & WaitIdOptions.NoWait) != WaitIdOptions.None && !isHelper)
            {
                return seen;
            }

            // A pidfd names the child for sure; its number could be another's by now.
            WaitIdOptions take = (options | WaitIdOptions.NoHang) & ~WaitIdOptions.NoWait;
            WaitIdResult? taken = ReapedChildren.Take(seen.Pid, () => type == IdType.PidFd ? TryWaitId(type, id, take) : TryWaitId(IdType.Pid, seen.Pid, take));
            if (taken is not null && !isHelper)
            {
                return taken;
            }
        }
    }

    /// <returns>False when the caller does not want to sleep.</returns>
    /// <exception cref="NoChildProcessException">There are no children but helpers.</exception>
    private static bool SleepBesideHelpers(string call, IdType type, int id, WaitIdOptions options)
    {
        using BlockedWait wait = new(); // before the look at the children: one that is started after it rings
        List<int> children = [.. ProcessInfo.Current.Children.Select(child => child.Id).Where(child => type == IdType.Any || IsOfGroup(child, id))];
        List<int> others = children.FindAll(child => !ReapedChildren.IsHelper(child));
        if (others.Count == 0)
        {
            throw PosixException.For(call, Errno.ECHILD);
        }

        if ((options & WaitIdOptions.NoHang) != WaitIdOptions.None)
        {
            return false;
        }

        if ((options & (WaitIdOptions.Stopped | WaitIdOptions.Continued)) == WaitIdOptions.None)
        {
            wait.Sleep(children);
            return true;
        }

        try
        {
            // Only waitid tells of a child that stops or goes on. Where there are several, it can oversleep as BlockedWait says.
            (IdType Type, int Id) which = others.Count == 1 ? (IdType.Pid, others[0]) : (type, id);
            WaitId(call, which.Type, which.Id, options | WaitIdOptions.NoWait);
        }
        catch (NoChildProcessException)
        {
            // Taken meanwhile: look again.
        }

        return true;
    }

    private static bool IsOfGroup(int child, int group)
    {
        int its = Libc.getpgid(child);
        return its > 0 && its == (group == 0 ? Libc.getpgid(0) : group);
    }

    private static WaitIdResult? TryWaitId(IdType type, int id, WaitIdOptions options)
    {
        try
        {
            return WaitId("waitid", type, id, options);
        }
        catch (NoChildProcessException)
        {
            return null;
        }
    }

    private static unsafe WaitIdResult? WaitId(string call, IdType type, int id, WaitIdOptions options)
    {
        SignalInfo info = default;
        RUsage usage = default;

        // The C libraries' waitid leaves out the kernel's last parameter, the usage.
        while (Libc.syscall(s_waitIdNumber, (int)type, id, (nint)(&info), (int)options, (nint)(&usage)) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw PosixException.For(call, errno);
            }
        }

        return info.Pid == 0 ? null : new WaitIdResult(info.Pid, info.Uid, ToStatus(info), usage.ToUsage());
    }

    private static WaitStatus ToStatus(in SignalInfo info) => new(info.Code switch
    {
        CodeExited => (info.Status & 0xFF) << 8,
        CodeKilled => info.Status,
        CodeDumped => info.Status | 0x80,
        CodeTrapped or CodeStopped => (info.Status << 8) | 0x7F,
        _ => 0xFFFF,
    });
}
