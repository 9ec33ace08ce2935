using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>What one thread is doing, as far as one look tells.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Threads">How many threads its process has.</param>
/// <param name="GaveUp">How often it has given up a processor; of a thread in state R.</param>
/// <param name="Counts">Its turns on a processor; of a thread in state R, where the kernel counts them.</param>
/// <remarks>
/// The kernel's letter R is both on a processor and waiting for one. It counts how often a thread was given a processor, and how often it gave
/// one up, and the first is ahead by one just while the thread is on a processor. But newer kernels may leave a turn out of the first count
/// (seen with 6.18 under load: in a few threads up to a quarter of the turns, in most none). So one ahead is certain,
/// and less is either. What decides then is in <see cref="UndecidedThreads"/>.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ThreadActivity(ThreadActivity.Of Kind, int Threads = 1, long GaveUp = 0, SchedStat? Counts = null)
{
    private const int Attempts = 10;

    /// <summary>By how much it counts for what the whole process does.</summary>
    internal enum Of
    {
        Ended,
        Stopped,
        Waiting,
        Ready,
        Undecided,
        Running,
        NeverRun,
    }

    /// <param name="folder">The process.</param>
    /// <param name="name">Where in its folder the thread's files are: empty for the main thread, else "task/TID/".</param>
    /// <param name="activity">What it does.</param>
    /// <returns>0, or the error number.</returns>
    internal static int TryRead(ProcessFolder folder, string name, out ThreadActivity activity)
    {
        activity = default;
        for (int attempt = 1; ; attempt++)
        {
            SchedStat? before = CountsOf(folder, name);
            int error = ProcFile.TryRead(folder.PathOf(name + "status"), out byte[] text);
            if (error != 0 || text.Length == 0)
            {
                return error != 0 ? error : Errno.ESRCH;
            }

            StatusRecord status = new(text);
            if (status.State != 'R')
            {
                activity = new ThreadActivity(FromLetter(status.State), status.ThreadCount);
                return 0;
            }

            // The turns have to be those of the moment when the status was read.
            SchedStat? after = CountsOf(folder, name);
            if (before?.Turns == after?.Turns || attempt == Attempts)
            {
                long gaveUp = status.VoluntarySwitches + status.InvoluntarySwitches;
                Of kind = Judge(after?.Turns, gaveUp);
                activity = new ThreadActivity(kind == Of.Undecided && IsOnThisProcessor(folder, name) ? Of.Ready : kind, status.ThreadCount, gaveUp, after);
                return 0;
            }
        }
    }

    /// <summary>What two counts tell of a thread in state R.</summary>
    internal static Of Judge(long? turns, long gaveUp) => (turns - gaveUp) switch
    {
        _ when turns == 0 => Of.NeverRun,
        > 0 => Of.Running,
        _ => Of.Undecided,
    };

    private static Of FromLetter(char letter) => letter switch
    {
        'T' or 't' => Of.Stopped,
        'Z' or 'X' or 'x' => Of.Ended,
        _ => Of.Waiting, // S, D, I, P and K: asleep, for different reasons
    };

    private static SchedStat? CountsOf(ProcessFolder folder, string name) =>
        ProcFile.TryRead(folder.PathOf(name + "schedstat"), out byte[] text) == 0 ? SchedStat.Parse(text) : null;

    /// <summary>Whether its processor is the one that this thread has, so that it cannot be on it.</summary>
    private static bool IsOnThisProcessor(ProcessFolder folder, string name)
    {
        int before = Libc.sched_getcpu();
        return ProcFile.TryRead(folder.PathOf(name + "stat"), out byte[] line) == 0
            && line.Length > 0
            && StatRecord.Parse(line).Processor == before
            && Libc.sched_getcpu() == before;
    }
}
