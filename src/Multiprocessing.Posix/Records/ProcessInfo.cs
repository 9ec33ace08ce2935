using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Multiprocessing.Posix;

/// <summary>The kernel's records of one process, read when asked for. See proc(5).</summary>
/// <remarks>
/// <para>
/// Each property reads /proc at the moment it is asked, and says what was so then; two properties are of two moments. Nothing is kept open.
/// </para>
/// <para>
/// The process is known by its ID and its start time, so another process that gets the same ID later is never taken for it. (The kernel counts start times
/// in hundredths of a second; only an ID that came round again within one could deceive.) Once the process is gone, also in
/// the middle of a read, <see cref="State"/> is <see cref="ProcessState.Terminated"/>, and every other property but <see cref="Id"/>
/// throws <see cref="PosixException"/> with ESRCH; no property gives a part of its answer. A zombie is still there: it has an ID, a name, a
/// parent and a usage, but no command line, environment, memory or descriptors, which are then empty. Of a process in the middle of an exec,
/// command line, environment and memory are those of the new program; the read waits for the exec to get there, for a second at most.
/// </para>
/// <para>
/// Text that a program chose (names, arguments, variables, paths) need not be UTF-8. A byte that is not stands as the
/// character U+DC80 to U+DCFF, as in Python, so that the bytes can be had back.
/// </para>
/// <para>
/// Some records are only for the process's own user, or for one that could trace it: <see cref="Environment"/>, <see cref="WorkingDirectory"/>,
/// <see cref="MemoryMap"/> and <see cref="Descriptors"/>. Reading another's throws <see cref="PosixException"/> with EACCES or EPERM that names the file.
/// IDs are those of the PID namespace that /proc belongs to.
/// </para>
/// <para>Immutable; safe from any thread.</para>
/// </remarks>
public sealed class ProcessInfo
{
    private const int Attempts = 10;

    private readonly ProcessFolder _folder;

    private ProcessInfo(ProcessFolder folder) => _folder = folder;

    /// <summary>This process.</summary>
    /// <exception cref="PosixException">/proc cannot be read.</exception>
    public static ProcessInfo Current => Of(Os.GetPid());

    /// <summary>Whether it is new, ready, running, waiting, stopped, a zombie or gone. Never throws because the process is gone.</summary>
    /// <remarks>
    /// <para>
    /// Of the threads of a process the most active one counts: one runs, else one is ready, else one waits, else all are stopped.
    /// (ps(1) shows the main thread's state.) The threads are looked at one after another, not all at one moment.
    /// </para>
    /// <para>
    /// Running and ready: the kernel has the letter R for both. A thread is on a processor while it was given one once more than it has given
    /// one up; the kernel counts both, but may miss a turn. So a thread that is ahead is running, one whose processor is the caller's is
    /// ready, and another is watched until the counts, or its time on a processor, have gone on: if nothing does within two ticks of the kernel's timer
    /// (21 milliseconds; 105 for a thread that is switched all the time) it is ready. The answer is for the moment when the watch began. Only a process in state R may take that long.
    /// Limits: on a processor without a timer tick (nohz_full) a running thread whose turn was missed is taken for a ready one; where the kernel does
    /// not count (no /proc/PID/schedstat) R is running, unless the thread's processor is the caller's.
    /// </para>
    /// <para>
    /// New: it has never been given a processor, or it is between vfork(2) or posix_spawn(3) and its exec, when it still uses its parent's memory. A child of
    /// fork(2) is new only until it runs for the first time. Of a process that this one may not trace, only the first is seen.
    /// </para>
    /// </remarks>
    /// <exception cref="PosixException">EMFILE, or EPERM: /proc hides the process.</exception>
    public ProcessState State
    {
        get
        {
            int error = ProcessActivity.TryRead(_folder, out ProcessState state);
            return error switch
            {
                0 => state,
                Errno.ESRCH => ProcessState.Terminated,
                _ => throw new PosixException("read", error, _folder.PathOf("status")),
            };
        }
    }

    /// <summary>The process ID.</summary>
    public int Id => _folder.Id;

    /// <summary>The ID of its parent; once that has gone, of whoever adopted it. 0 when it has none here: for process 1, kernel threads, or a parent in another PID namespace.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public int ParentId => _folder.Stat.ParentId;

    /// <summary>The ID of its process group. See getpgid(2).</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public int ProcessGroupId => _folder.Stat.ProcessGroupId;

    /// <summary>The ID of its session. See getsid(2).</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public int SessionId => _folder.Stat.SessionId;

    /// <summary>The name of its main thread: at first the program's file name, cut to 15 bytes. See PR_SET_NAME in prctl(2). It may have any character in it.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public string Name => _folder.Stat.Name;

    /// <summary>When it was made, in UTC, to a hundredth of a second; exec does not change it.</summary>
    /// <remarks>The kernel counts from the system's start. When the wall clock is set, all start times move with it.</remarks>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public DateTimeOffset StartTime => BootTime.At(_folder.Stat.StartTicks);

    /// <summary>Its arguments, the program's name first. Empty for kernel threads and zombies. A program may overwrite its own.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public IReadOnlyList<string> CommandLine => NullTerminated.Strings(_folder.ReadOfMemory("cmdline"));

    /// <summary>The environment that its program was started with; what it changed since is not seen. See proc_pid_environ(5).</summary>
    /// <remarks>Of two variables with one name the first counts; an entry without '=' is no variable and is left out. Empty for kernel threads and zombies.</remarks>
    /// <exception cref="PosixException">ESRCH: the process is gone; EACCES: it is another user's.</exception>
    public IReadOnlyDictionary<string, string> Environment => NullTerminated.Variables(_folder.ReadOfMemory("environ"));

    /// <summary>Its working directory; with " (deleted)" behind it once that was removed.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone; EACCES: it is another user's; ENOENT: it is a zombie, which has none.</exception>
    public string WorkingDirectory
    {
        get
        {
            int error = ProcFile.TryReadLink(_folder.PathOf("cwd"), out string target);
            return _folder.CheckOrNothing("readlink", error, "cwd") ? target : throw new PosixException("readlink", Errno.ENOENT, _folder.PathOf("cwd"));
        }
    }

    /// <summary>Its real, effective and saved user ID, as its main thread has them. See credentials(7).</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public (uint Real, uint Effective, uint Saved) UserIds => _folder.Status.UserIds;

    /// <summary>Its real, effective and saved group ID, as its main thread has them. See credentials(7).</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public (uint Real, uint Effective, uint Saved) GroupIds => _folder.Status.GroupIds;

    /// <summary>Its supplementary groups. See getgroups(2).</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public IReadOnlyList<uint> SupplementaryGroups => _folder.Status.SupplementaryGroups;

    /// <summary>Its memory, by ascending addresses. Empty for kernel threads and zombies.</summary>
    /// <remarks>
    /// A large map is read in parts. A region that is mapped or unmapped meanwhile may be among them or not; when the process
    /// takes a new program or ends meanwhile, the map is read again.
    /// </remarks>
    /// <exception cref="PosixException">ESRCH: the process is gone; EACCES: it is another user's; EAGAIN: it takes one new program after another.</exception>
    public IReadOnlyList<MemoryRegion> MemoryMap
    {
        get
        {
            MapsLines lines = new();
            bool some = _folder.ReadOfMemory("maps", () =>
            {
                lines = new MapsLines();
                return ProcFile.TryReadLines(_folder.PathOf("maps"), lines.Add);
            });
            return some ? lines.Regions : [];
        }
    }

    /// <summary>Its open descriptors, by ascending numbers. Empty for kernel threads and zombies.</summary>
    /// <remarks>They are read one after another; one that is closed meanwhile is left out.</remarks>
    /// <exception cref="PosixException">ESRCH: the process is gone; EACCES: it is another user's.</exception>
    public IReadOnlyList<OpenDescriptor> Descriptors
    {
        get
        {
            List<OpenDescriptor> descriptors = [];
            if (_folder.CheckOrNothing("open", ProcFile.TryList(_folder.PathOf("fd"), out List<int> numbers), "fd"))
            {
                foreach (int number in numbers)
                {
                    if (Descriptor(number) is { } descriptor)
                    {
                        descriptors.Add(descriptor);
                    }
                }

                // What was closed one by one, and what went with the process, look alike until this.
                if (_folder.Stat.HasEnded)
                {
                    return [];
                }
            }

            return descriptors;
        }
    }

    /// <summary>Which signals await it and what it does with them.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public SignalSets Signals => _folder.Status.Signals;

    /// <summary>How much of each resource it may use. See getrlimit(2).</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public IReadOnlyDictionary<Resource, ResourceLimit> Limits => LimitsText.Parse(System.Text.Encoding.ASCII.GetString(_folder.Read("limits")));

    /// <summary>What it has used so far; its children are not in it.</summary>
    /// <remarks>
    /// Times are exact to a hundredth of a second. The context switches are those of the threads that live; the kernel keeps no others where they could be read.
    /// The resident set is 0 for a zombie.
    /// </remarks>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public ResourceUsage Usage
    {
        get
        {
            StatRecord stat = _folder.Stat;
            StatusRecord status = _folder.Status;
            (long voluntary, long involuntary) = status.ThreadCount > 1 ? SwitchesOfThreads() : (status.VoluntarySwitches, status.InvoluntarySwitches);
            return new ResourceUsage(
                BootTime.FromClockTicks(stat.UserTicks),
                BootTime.FromClockTicks(stat.SystemTicks),
                status.MaxResidentBytes,
                stat.MinorFaults,
                stat.MajorFaults,
                voluntary,
                involuntary);
        }
    }

    /// <summary>How many threads it has; 1 for a zombie.</summary>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public int ThreadCount => _folder.Stat.ThreadCount;

    /// <summary>The processes whose parent it is now, zombies too, by ascending IDs.</summary>
    /// <remarks>
    /// Found by asking every process for its parent: a child that is there all the while is among them for certain, which the kernel's own list
    /// (/proc/PID/task/TID/children) does not promise. One that starts or ends meanwhile may be or not.
    /// </remarks>
    /// <exception cref="PosixException">ESRCH: the process is gone.</exception>
    public IReadOnlyList<ProcessInfo> Children
    {
        get
        {
            List<ProcessInfo> children = [];
            foreach ((ProcessFolder folder, StatRecord stat) in ProcessFolder.All())
            {
                if (stat.ParentId == Id)
                {
                    children.Add(new ProcessInfo(folder));
                }
            }

            _ = _folder.Stat; // if it is gone by now, they may be somebody else's
            return children;
        }
    }

    /// <summary>The process with an ID.</summary>
    /// <param name="pid">The process ID, greater than 0. The ID of a thread other than a main thread is not one.</param>
    /// <returns>Its records.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is 0 or negative.</exception>
    /// <exception cref="PosixException">ESRCH: there is no such process; EPERM: /proc hides it.</exception>
    public static ProcessInfo Of(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        return TryOf(pid, out ProcessInfo? info) ? info : throw new PosixException("open", Errno.ESRCH, ProcessFolder.PathOf(pid));
    }

    /// <summary>The process with an ID, if there is one.</summary>
    /// <param name="pid">The process ID.</param>
    /// <param name="info">Its records; null when there is no such process.</param>
    /// <returns>Whether there is.</returns>
    /// <exception cref="PosixException">EPERM: /proc hides the process; EMFILE, …</exception>
    public static bool TryOf(int pid, [NotNullWhen(true)] out ProcessInfo? info)
    {
        info = null;
        if (pid <= 0)
        {
            return false;
        }

        int error = ProcessFolder.TryFind(pid, out ProcessFolder? folder);
        if (error == 0)
        {
            info = new ProcessInfo(folder!);
            return true;
        }

        return error == Errno.ESRCH ? false : throw new PosixException("open", error, ProcessFolder.PathOf(pid));
    }

    /// <summary>Its ID; nothing is read.</summary>
    /// <returns>Such as "process 4711".</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"process {Id}");

    /// <returns>Null when the descriptor was closed meanwhile.</returns>
    private OpenDescriptor? Descriptor(int number)
    {
        string linkName = string.Create(CultureInfo.InvariantCulture, $"fd/{number}");
        string infoName = string.Create(CultureInfo.InvariantCulture, $"fdinfo/{number}");
        for (int attempt = 1; ; attempt++)
        {
            int error = ProcFile.TryReadLink(_folder.PathOf(linkName), out string target);
            if (error == Errno.ENAMETOOLONG)
            {
                target = ""; // the kernel tells paths up to a page
            }
            else if (error != 0)
            {
                return ClosedMeanwhile(error, linkName);
            }

            error = ProcFile.TryRead(_folder.PathOf(infoName), out byte[] info);
            if (error != 0)
            {
                return ClosedMeanwhile(error, infoName);
            }

            // The number may have been given to another file between the two.
            if ((ProcFile.TryReadLink(_folder.PathOf(linkName), out string again) == 0 && again == target) || attempt == Attempts)
            {
                return new OpenDescriptor(number, target, OpenFlags.ToText(OpenFlags.Parse(info)));
            }
        }
    }

    private OpenDescriptor? ClosedMeanwhile(int error, string name)
    {
        _ = _folder.CheckOrNothing("read", error, name);
        return null;
    }

    private (long Voluntary, long Involuntary) SwitchesOfThreads()
    {
        (long voluntary, long involuntary) = (0, 0);
        _folder.Check("open", ProcFile.TryList(_folder.PathOf("task"), out List<int> threads), "task");
        foreach (int thread in threads)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"task/{thread}/status");
            int error = ProcFile.TryRead(_folder.PathOf(name), out byte[] text);
            if (_folder.CheckOrNothing("read", error, name) && text.Length > 0)
            {
                StatusRecord status = new(text);
                voluntary += status.VoluntarySwitches;
                involuntary += status.InvoluntarySwitches;
            }
        }

        return (voluntary, involuntary);
    }
}
