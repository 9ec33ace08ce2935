using System.Globalization;

namespace Multiprocessing.Posix;

/// <summary>
/// The folder /proc/PID of one certain process. A process ID may be given to another process once this one is gone, so each read is
/// followed by a look at the start time: while that is the same, the ID has been this process's all along, and what was read is its own.
/// </summary>
internal sealed class ProcessFolder
{
    private const int BriefAttempts = 10;
    private const int ExecAttempts = 1000;

    private readonly string _path;
    private readonly long _startTicks;

    private ProcessFolder(in StatRecord stat)
    {
        Id = stat.Id;
        _path = PathOf(stat.Id);
        _startTicks = stat.StartTicks;
    }

    internal int Id { get; }

    /// <summary>The line of /proc/PID/stat.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    internal StatRecord Stat
    {
        get
        {
            int error = TryStat(out StatRecord stat);
            return error == 0 ? stat : throw new PosixException("read", error, $"{_path}/stat");
        }
    }

    internal StatusRecord Status => new(Read("status"));

    /// <returns>0, or the error number; ESRCH when there is no such process.</returns>
    internal static int TryFind(int pid, out ProcessFolder? folder)
    {
        folder = null;
        int error = TryStat(pid, out StatRecord stat);
        if (error != 0)
        {
            return error;
        }

        // /proc/TID is there for every thread, though it is not listed.
        error = ProcFile.TryRead(PathOf(pid) + "/status", out byte[] status);
        if (error is (0 or Errno.ENOENT) && (status.Length == 0 || new StatusRecord(status).ThreadGroupId != pid))
        {
            return Errno.ESRCH;
        }

        folder = error == 0 ? new ProcessFolder(stat) : null;
        return error;
    }

    /// <summary>Every process that there is. One that starts or ends meanwhile may be among them or not.</summary>
    /// <exception cref="PosixException">/proc cannot be read.</exception>
    internal static IEnumerable<(ProcessFolder Folder, StatRecord Stat)> All()
    {
        int error = ProcFile.TryList("/proc", out List<int> pids);
        if (error != 0)
        {
            throw new PosixException("open", error, "/proc");
        }

        foreach (int pid in pids)
        {
            if (TryStat(pid, out StatRecord stat) == 0)
            {
                yield return (new ProcessFolder(stat), stat);
            }
        }
    }

    /// <returns>0, or the error number; ESRCH when the process is gone, even if another one has its ID.</returns>
    internal int TryStat(out StatRecord stat)
    {
        int error = TryStat(Id, out stat);
        return error == 0 && stat.StartTicks != _startTicks ? Errno.ESRCH : error;
    }

    internal string PathOf(string name) => $"{_path}/{name}";

    /// <summary>A whole file of this process.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone; EACCES or EPERM: this process may not read it.</exception>
    internal byte[] Read(string name)
    {
        int error = ProcFile.TryRead(PathOf(name), out byte[] content);
        Check("read", error, name);
        return content;
    }

    /// <summary>What a whole file says of this process's memory; nothing of one that has ended, or a kernel thread, which have none.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone; EACCES or EPERM: this process may not read it; EAGAIN: it never stays with one program.</exception>
    internal byte[] ReadOfMemory(string name)
    {
        byte[] content = [];
        return ReadOfMemory(name, () => ProcFile.TryRead(PathOf(name), out content)) ? content : [];
    }

    /// <summary>Reads what is about this process's memory, again if it takes a new program meanwhile.</summary>
    /// <param name="name">The file.</param>
    /// <param name="read">Reads it and returns 0 or the error number.</param>
    /// <returns>False where there is no memory.</returns>
    internal bool ReadOfMemory(string name, Func<int> read)
    {
        for (int attempt = 0; attempt < ExecAttempts; attempt++)
        {
            if (attempt > 0)
            {
                Thread.Sleep(attempt < BriefAttempts ? 0 : 1); // an exec is over in microseconds, unless it has to read from a disk
            }

            StatRecord before = Stat;
            int error = read();
            bool some = CheckOrNothing("read", error, name);
            StatRecord after = Stat;
            if (after.AddressSpace == before.AddressSpace && !after.IsInExec)
            {
                return some;
            }
        }

        throw new PosixException("read", Errno.EAGAIN, PathOf(name));
    }

    /// <summary>Throws unless a read succeeded and the process is still there.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone; or the error that the read met.</exception>
    internal void Check(string call, int error, string name)
    {
        int gone = TryStat(out _);
        if (gone != 0 || error != 0)
        {
            throw new PosixException(call, gone != 0 ? gone : error, PathOf(name));
        }
    }

    /// <summary>As <see cref="Check"/>, but false where there is nothing to read: the process has ended, or never had such a thing.</summary>
    internal bool CheckOrNothing(string call, int error, string name)
    {
        int gone = TryStat(out StatRecord stat);
        bool nothing = gone == 0 && error switch
        {
            Errno.ENOENT or Errno.ESRCH => true,
            Errno.EACCES or Errno.EPERM => stat.HasEnded, // what an ended process leaves belongs to root
            _ => false,
        };
        return nothing ? false : gone == 0 && error == 0 ? true : throw new PosixException(call, gone != 0 ? gone : error, PathOf(name));
    }

    private static int TryStat(int pid, out StatRecord stat)
    {
        int error = ProcFile.TryRead(PathOf(pid) + "/stat", out byte[] line);
        stat = error == 0 && line.Length > 0 ? StatRecord.Parse(line) : default;
        return error == Errno.ENOENT || (error == 0 && line.Length == 0) ? Errno.ESRCH : error;
    }

    internal static string PathOf(int pid) => string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
}
