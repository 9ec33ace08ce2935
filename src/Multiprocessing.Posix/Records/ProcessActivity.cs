using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>What a process is doing: the most active of its threads says it.</summary>
internal static class ProcessActivity
{
    private const int SameAddressSpace = 1; // KCMP_VM

    private static readonly int s_compareProcesses = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 312 : 272;

    /// <returns>0, or the error number; ESRCH when the process is gone.</returns>
    internal static int TryRead(ProcessFolder folder, out ProcessState state)
    {
        state = ProcessState.Terminated;
        int error = folder.TryStat(out StatRecord stat);
        if (error != 0 || stat.State is 'X' or 'x')
        {
            return error;
        }

        if (stat.AwaitsExec && SharesParentsMemory(stat))
        {
            state = ProcessState.New;
        }
        else if (stat.Id == Os.GetPid())
        {
            state = ProcessState.Running; // in the thread that asks
        }
        else
        {
            error = TryMostActive(folder, out ThreadActivity.Of kind);
            state = ToState(kind);
        }

        // What was read is this process's only if it is still there.
        int gone = folder.TryStat(out _);
        return gone != 0 ? gone : error;
    }

    private static ProcessState ToState(ThreadActivity.Of kind) => kind switch
    {
        ThreadActivity.Of.NeverRun => ProcessState.New,
        ThreadActivity.Of.Running => ProcessState.Running,
        ThreadActivity.Of.Ready => ProcessState.Ready,
        ThreadActivity.Of.Waiting => ProcessState.Waiting,
        ThreadActivity.Of.Stopped => ProcessState.Stopped,
        _ => ProcessState.Zombie,
    };

    private static int TryMostActive(ProcessFolder folder, out ThreadActivity.Of most)
    {
        UndecidedThreads undecided = new(folder);
        int error = ThreadActivity.TryRead(folder, "", out ThreadActivity main);
        most = main.Kind;
        if (error == 0 && main.Threads > 1 && most != ThreadActivity.Of.Running)
        {
            // A main thread may have ended, or wait, while others go on.
            error = TryAllThreads(folder, undecided, out most);
        }
        else if (most == ThreadActivity.Of.Undecided)
        {
            undecided.Add("", main);
        }

        if (error == 0 && most == ThreadActivity.Of.Undecided)
        {
            most = undecided.AnyRan() ? ThreadActivity.Of.Running : ThreadActivity.Of.Ready;
        }

        return error;
    }

    private static int TryAllThreads(ProcessFolder folder, UndecidedThreads undecided, out ThreadActivity.Of most)
    {
        most = ThreadActivity.Of.Ended;
        int error = ProcFile.TryList(folder.PathOf("task"), out List<int> threads);
        foreach (int thread in threads)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"task/{thread}/");
            error = ThreadActivity.TryRead(folder, name, out ThreadActivity one);
            if (error is Errno.ENOENT or Errno.ESRCH)
            {
                error = 0; // this thread has ended meanwhile
                continue;
            }

            // A thread that has just been made does not make the process new.
            ThreadActivity.Of kind = one.Kind == ThreadActivity.Of.NeverRun ? ThreadActivity.Of.Ready : one.Kind;
            most = kind > most ? kind : most;
            if (error != 0 || most == ThreadActivity.Of.Running)
            {
                break;
            }

            if (kind == ThreadActivity.Of.Undecided)
            {
                undecided.Add(name, one);
            }
        }

        return error;
    }

    /// <summary>A child of vfork(2) or posix_spawn(3) runs in its parent's memory until its exec; one of fork(2) has its own. See kcmp(2).</summary>
    /// <returns>False also where this process may not ask, or the kernel cannot answer.</returns>
    private static bool SharesParentsMemory(in StatRecord stat) =>
        !stat.HasEnded && stat.ParentId > 0 && Libc.syscall(s_compareProcesses, stat.Id, stat.ParentId, SameAddressSpace, 0, 0) == 0;
}
