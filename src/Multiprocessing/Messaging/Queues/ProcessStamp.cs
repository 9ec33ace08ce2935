using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>One process for good: its ID and its start time in one word. An ID alone may be given to another process.</summary>
/// <remarks>The kernel's process IDs have 22 bits; 40 bits of hundredths of a second are 348 years of uptime. Never 0.</remarks>
internal static class ProcessStamp
{
    private const int PidBits = 24;

    private static ulong s_own;
    private static int s_ownPid;

    /// <summary>This process's.</summary>
    internal static ulong Own
    {
        get
        {
            int pid = Environment.ProcessId;
            if (Volatile.Read(ref s_ownPid) != pid)
            {
                ulong own = Of(pid);
                s_own = own != 0 ? own : throw new PosixException("open", Errno.ENOENT, ProcessFolder.PathOf(pid) + "/stat");
                Volatile.Write(ref s_ownPid, pid); // a forked child has another one
            }

            return s_own;
        }
    }

    internal static int PidOf(ulong stamp) => (int)(stamp & ((1 << PidBits) - 1));

    /// <summary>Whether the process runs. One that has ended but is not yet reaped does not.</summary>
    /// <remarks>Where /proc hides the processes of other users (its mount option hidepid), one that the kernel knows counts as living, although its number may be another's by now.</remarks>
    internal static bool IsAlive(ulong stamp)
    {
        if (stamp == Own)
        {
            return true;
        }

        int pid = PidOf(stamp);
        return pid > 0 && (TryRead(pid, out ulong found) ? found == stamp : IsKnown(pid));
    }

    private static ulong Of(int pid) => TryRead(pid, out ulong stamp) ? stamp : 0;

    private static bool IsKnown(int pid)
    {
        try
        {
            Os.Kill(pid, default); // 0: sends nothing
            return true;
        }
        catch (PosixException exception)
        {
            return exception.Errno != Errno.ESRCH;
        }
    }

    /// <param name="pid">A process ID.</param>
    /// <param name="stamp">0 when it has ended.</param>
    /// <returns>False when /proc does not show it.</returns>
    private static bool TryRead(int pid, out ulong stamp)
    {
        stamp = 0;
        int error = ProcFile.TryRead(ProcessFolder.PathOf(pid) + "/stat", out byte[] line);
        if (error is not (0 or Errno.ENOENT or Errno.ESRCH))
        {
            throw new PosixException("read", error, ProcessFolder.PathOf(pid) + "/stat");
        }

        if (line.Length == 0)
        {
            return error == Errno.ESRCH;
        }

        StatRecord stat = StatRecord.Parse(line);
        stamp = stat.HasEnded ? 0 : ((ulong)stat.StartTicks << PidBits) | (uint)stat.Id;
        return true;
    }
}
