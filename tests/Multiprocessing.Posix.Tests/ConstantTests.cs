using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Multiprocessing.Posix.Tests;

/// <summary>Every number that goes to the kernel or the C library, against the C headers.</summary>
/// <remarks>
/// A constant that bears its C name is found by itself. A member of an enumeration, or a constant with a name of ours, gets a row in the table.
/// What is forgotten makes a test fail that says so.
/// </remarks>
public sealed partial class ConstantTests
{
    private const string Headers = """
        #include <errno.h>
        #include <fcntl.h>
        #include <limits.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <spawn.h>
        #include <time.h>
        #include <unistd.h>
        #include <linux/close_range.h>
        #include <linux/futex.h>
        #include <linux/stat.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/prctl.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/syscall.h>
        #include <sys/timerfd.h>
        #include <sys/wait.h>
        """;

    private static readonly Assembly s_library = typeof(Os).Assembly;

    private static readonly (string C, object Ours)[] s_rows =
    [
        ("WNOHANG", WaitOptions.NoHang),
        ("WUNTRACED", WaitOptions.Untraced),
        ("WCONTINUED", WaitOptions.Continued),
        ("P_ALL", IdType.Any),
        ("P_PID", IdType.Pid),
        ("P_PGID", IdType.ProcessGroup),
        ("P_PIDFD", IdType.PidFd),
        ("WNOHANG", WaitIdOptions.NoHang),
        ("WSTOPPED", WaitIdOptions.Stopped),
        ("WEXITED", WaitIdOptions.Exited),
        ("WCONTINUED", WaitIdOptions.Continued),
        ("WNOWAIT", WaitIdOptions.NoWait),
        ("CLD_EXITED", "Os.CodeExited"),
        ("CLD_KILLED", "Os.CodeKilled"),
        ("CLD_DUMPED", "Os.CodeDumped"),
        ("CLD_TRAPPED", "Os.CodeTrapped"),
        ("CLD_STOPPED", "Os.CodeStopped"),
        ("SYS_waitid", "Os.s_waitIdNumber"),
        ("SIGRTMIN", Signal.FirstRealTime),
        ("SIGRTMAX", "Signal.Last"),

        ("POSIX_SPAWN_SETPGROUP", "SpawnAttributes.SetProcessGroup"),
        ("POSIX_SPAWN_SETSIGDEF", "SpawnAttributes.SetSignalDefault"),
        ("POSIX_SPAWN_SETSIGMASK", "SpawnAttributes.SetSignalMask"),
        ("POSIX_SPAWN_SETSID", "SpawnAttributes.SetSession"),

        ("F_DUPFD", FcntlCommand.Duplicate),
        ("F_GETFD", FcntlCommand.GetDescriptorFlags),
        ("F_SETFD", FcntlCommand.SetDescriptorFlags),
        ("F_GETFL", FcntlCommand.GetStatusFlags),
        ("F_SETFL", FcntlCommand.SetStatusFlags),
        ("F_SETOWN", FcntlCommand.SetOwner),
        ("F_GETOWN", FcntlCommand.GetOwner),
        ("F_SETSIG", FcntlCommand.SetSignal),
        ("F_GETSIG", FcntlCommand.GetSignal),
        ("F_DUPFD_CLOEXEC", FcntlCommand.DuplicateCloseOnExec),
        ("F_SETPIPE_SZ", FcntlCommand.SetPipeSize),
        ("F_GETPIPE_SZ", FcntlCommand.GetPipeSize),
        ("F_ADD_SEALS", FcntlCommand.AddSeals),
        ("F_GET_SEALS", FcntlCommand.GetSeals),
        ("F_OWNER_TID", OwnerType.Thread),
        ("F_OWNER_PID", OwnerType.Process),
        ("F_OWNER_PGRP", OwnerType.ProcessGroup),
        ("F_SEAL_SEAL", SealFlags.Seal),
        ("F_SEAL_SHRINK", SealFlags.Shrink),
        ("F_SEAL_GROW", SealFlags.Grow),
        ("F_SEAL_WRITE", SealFlags.Write),
        ("F_SEAL_FUTURE_WRITE", SealFlags.FutureWrite),
        ("F_RDLCK", FileLock.Shared),
        ("F_WRLCK", FileLock.Exclusive),
        ("F_UNLCK", FileLock.Release),
        ("O_WRONLY", StatusFlags.WriteOnly),
        ("O_RDWR", StatusFlags.ReadWrite),
        ("O_APPEND", StatusFlags.Append),
        ("O_NONBLOCK", StatusFlags.NonBlocking),
        ("O_DSYNC", StatusFlags.DataSync),
        ("O_ASYNC", StatusFlags.Async),
        ("O_DIRECT", StatusFlags.Direct),
        ("O_NOATIME", StatusFlags.NoAccessTime),
        ("O_PATH", StatusFlags.PathOnly),
        ("CLOSE_RANGE_CLOEXEC", CloseRangeFlags.CloseOnExec),
        ("MFD_ALLOW_SEALING", MemFdFlags.AllowSealing),
        ("EFD_SEMAPHORE", EventFdFlags.Semaphore),
        ("EFD_NONBLOCK", EventFdFlags.NonBlocking),
        ("TFD_NONBLOCK", TimerFdFlags.NonBlocking),
        ("POLLIN", PollEvents.Readable),
        ("POLLPRI", PollEvents.Priority),
        ("POLLOUT", PollEvents.Writable),
        ("POLLERR", PollEvents.Error),
        ("POLLHUP", PollEvents.HangUp),
        ("POLLNVAL", PollEvents.Invalid),
        ("EPOLLIN", PollEvents.Readable),
        ("EPOLLPRI", PollEvents.Priority),
        ("EPOLLOUT", PollEvents.Writable),
        ("EPOLLERR", PollEvents.Error),
        ("EPOLLHUP", PollEvents.HangUp),
        ("MSG_PEEK", MessageFlags.Peek),
        ("MSG_DONTWAIT", MessageFlags.DontWait),
        ("MSG_WAITALL", MessageFlags.WaitAll),
        ("AF_UNIX", SocketFamily.Local),
        ("AF_INET", SocketFamily.Internet),
        ("AF_INET6", SocketFamily.Internet6),
        ("sizeof(struct sockaddr_storage)", "Os.LongestAddress"),
        ("SHUT_RD", ShutdownHow.Receive),
        ("SHUT_WR", ShutdownHow.Send),
        ("SHUT_RDWR", ShutdownHow.Both),

        ("PROT_READ", MemoryProtection.Read),
        ("PROT_WRITE", MemoryProtection.Write),
        ("PROT_EXEC", MemoryProtection.Execute),
        ("MAP_SHARED", MapFlags.Shared),
        ("MAP_PRIVATE", MapFlags.Private),
        ("MAP_ANONYMOUS", MapFlags.Anonymous),
        ("MAP_LOCKED", MapFlags.Locked),
        ("MAP_NORESERVE", MapFlags.NoReserve),
        ("MAP_POPULATE", MapFlags.Populate),
        ("(long)MAP_FAILED", "SafeMappedMemoryHandle.Unmapped"),
        ("MS_ASYNC", MsyncFlags.NoWait),
        ("MS_INVALIDATE", MsyncFlags.Invalidate),
        ("MS_SYNC", MsyncFlags.Wait),
        ("MADV_NORMAL", MemoryAdvice.Normal),
        ("MADV_RANDOM", MemoryAdvice.Random),
        ("MADV_SEQUENTIAL", MemoryAdvice.Sequential),
        ("MADV_WILLNEED", MemoryAdvice.WillNeed),
        ("MADV_DONTNEED", MemoryAdvice.DontNeed),
        ("MADV_FREE", MemoryAdvice.Free),
        ("MADV_REMOVE", MemoryAdvice.Remove),
        ("MADV_DONTFORK", MemoryAdvice.DontFork),
        ("MADV_DOFORK", MemoryAdvice.DoFork),
        ("MADV_HUGEPAGE", MemoryAdvice.HugePage),
        ("MADV_NOHUGEPAGE", MemoryAdvice.NoHugePage),
        ("MADV_DONTDUMP", MemoryAdvice.DontDump),
        ("MADV_DODUMP", MemoryAdvice.DoDump),
        ("MADV_WIPEONFORK", MemoryAdvice.WipeOnFork),
        ("MADV_KEEPONFORK", MemoryAdvice.KeepOnFork),
        ("MADV_COLD", MemoryAdvice.Cold),
        ("MADV_PAGEOUT", MemoryAdvice.PageOut),
        ("MADV_POPULATE_READ", MemoryAdvice.PopulateRead),
        ("MADV_POPULATE_WRITE", MemoryAdvice.PopulateWrite),
        ("FALLOC_FL_KEEP_SIZE", FallocateMode.KeepSize),
        ("FALLOC_FL_PUNCH_HOLE", FallocateMode.PunchHole),
        ("FALLOC_FL_COLLAPSE_RANGE", FallocateMode.CollapseRange),
        ("FALLOC_FL_ZERO_RANGE", FallocateMode.ZeroRange),
        ("FALLOC_FL_INSERT_RANGE", FallocateMode.InsertRange),

        ("CLOCK_REALTIME", ClockId.RealTime),
        ("CLOCK_MONOTONIC", ClockId.Monotonic),
        ("CLOCK_PROCESS_CPUTIME_ID", ClockId.ProcessCpuTime),
        ("CLOCK_THREAD_CPUTIME_ID", ClockId.ThreadCpuTime),
        ("CLOCK_MONOTONIC_RAW", ClockId.MonotonicRaw),
        ("CLOCK_BOOTTIME", ClockId.BootTime),

        ("PR_SET_PDEATHSIG", PrctlOption.SetParentDeathSignal),
        ("PR_GET_PDEATHSIG", PrctlOption.GetParentDeathSignal),
        ("PR_GET_DUMPABLE", PrctlOption.GetDumpable),
        ("PR_SET_DUMPABLE", PrctlOption.SetDumpable),
        ("PR_SET_NAME", PrctlOption.SetName),
        ("PR_GET_NAME", PrctlOption.GetName),
        ("PR_SET_CHILD_SUBREAPER", PrctlOption.SetChildSubreaper),
        ("PR_GET_CHILD_SUBREAPER", PrctlOption.GetChildSubreaper),
        ("PR_SET_NO_NEW_PRIVS", PrctlOption.SetNoNewPrivileges),
        ("PR_GET_NO_NEW_PRIVS", PrctlOption.GetNoNewPrivileges),
        ("PR_GET_TID_ADDRESS", PrctlOption.GetTidAddress),

        ("PRIO_PROCESS", PriorityOf.Process),
        ("PRIO_PGRP", PriorityOf.ProcessGroup),
        ("PRIO_USER", PriorityOf.User),
        ("RLIMIT_CPU", Resource.Cpu),
        ("RLIMIT_FSIZE", Resource.FileSize),
        ("RLIMIT_DATA", Resource.Data),
        ("RLIMIT_STACK", Resource.Stack),
        ("RLIMIT_CORE", Resource.Core),
        ("RLIMIT_RSS", Resource.ResidentSet),
        ("RLIMIT_NPROC", Resource.Processes),
        ("RLIMIT_NOFILE", Resource.OpenFiles),
        ("RLIMIT_MEMLOCK", Resource.LockedMemory),
        ("RLIMIT_AS", Resource.AddressSpace),
        ("RLIMIT_LOCKS", Resource.Locks),
        ("RLIMIT_SIGPENDING", Resource.PendingSignals),
        ("RLIMIT_MSGQUEUE", Resource.MessageQueues),
        ("RLIMIT_NICE", Resource.Nice),
        ("RLIMIT_RTPRIO", Resource.RealTimePriority),
        ("RLIMIT_RTTIME", Resource.RealTimeTime),
        ("(long)RLIM_INFINITY", "RLimit.Infinity"),
        ("SCHED_OTHER", SchedulingPolicy.Other),
        ("SCHED_FIFO", SchedulingPolicy.Fifo),
        ("SCHED_RR", SchedulingPolicy.RoundRobin),
        ("SCHED_BATCH", SchedulingPolicy.Batch),
        ("SCHED_IDLE", SchedulingPolicy.Idle),
        ("SCHED_DEADLINE", SchedulingPolicy.Deadline),
        ("SCHED_RESET_ON_FORK", SchedulingPolicy.ResetOnFork),
        ("_SC_ARG_MAX", SysconfName.ArgMax),
        ("_SC_CHILD_MAX", SysconfName.ChildMax),
        ("_SC_CLK_TCK", SysconfName.ClockTicks),
        ("_SC_NGROUPS_MAX", SysconfName.GroupsMax),
        ("_SC_OPEN_MAX", SysconfName.OpenMax),
        ("_SC_PAGESIZE", SysconfName.PageSize),
        ("_SC_NPROCESSORS_CONF", SysconfName.ProcessorsConfigured),
        ("_SC_NPROCESSORS_ONLN", SysconfName.ProcessorsOnline),
        ("_SC_PHYS_PAGES", SysconfName.PhysicalPages),
        ("_SC_AVPHYS_PAGES", SysconfName.AvailablePages),
        ("_CS_PATH", "Os.DefaultPath"),
        ("RUSAGE_SELF", UsageOf.Self),
        ("RUSAGE_CHILDREN", UsageOf.Children),
        ("RUSAGE_THREAD", UsageOf.Thread),
        ("O_ACCMODE", "OpenFlags.AccessMode"),
        ("POSIX_SPAWN_RESETIDS", "SpawnAttributes.ResetIds"),
        ("POSIX_SPAWN_SETSCHEDPARAM", "SpawnAttributes.SetSchedulingPriority"),
        ("POSIX_SPAWN_SETSCHEDULER", "SpawnAttributes.SetScheduling"),

        ("SIG_BLOCK", MaskChange.Block),
        ("SIG_UNBLOCK", MaskChange.Unblock),
        ("SIG_SETMASK", MaskChange.Set),
        ("(long)SIG_DFL", "SignalAction.Default"),
        ("(long)SIG_IGN", "SignalAction.Ignore"),
        ("SA_SIGINFO", "SignalAction.WithInfo"),
        ("SA_ONSTACK", "SignalAction.OnAlternateStack"),
        ("SA_RESTART", "SignalAction.RestartCalls"),
        ("__SIGRTMIN", "Signal.FirstOfCLibrary"),
    ];

    /// <summary>Constants that are ours and not the system's, or that the headers do not tell.</summary>
    private static readonly string[] s_ours =
    [
        "FutexWaitResult", // an enumeration of our own
        "ProcessState", // an enumeration of our own
        "SignalDisposition", // an enumeration of our own
        "ThreadActivity.Of", // an enumeration of our own
        "BootTime.NoInterruption",
        "BootTime.Tolerance",
        "DiagnosticFiles.StartTimeField", // proc(5)
        "ForkableRestart.Separator",
        "Forker.CloneOnX64", // a fork is possible on x64 only; ForkTests
        "Forker.FailedChild",
        "LiveEnvironment.Replacement",
        "Os.BitsOfWord",
        "Os.LoadAverages",
        "Os.MaxMessageDescriptors", // SCM_MAX_FD: in the kernel's source only; MessageTests
        "Os.MostAtOnce",
        "Os.MostWords",
        "Os.NameSize", // TASK_COMM_LEN: in the kernel's source only; PrctlTests
        "Os.Unchanged", // (uid_t)-1
        "Os.UsualGroups",
        "Os.UsualPathLength",
        "Os.UsualWords",
        "Os.WholeRange",
        "ParkingPlace.ResurrectOffset",
        "ParkingPlace.Size",
        "ProcFile.EntryLengthOffset", // struct linux_dirent64: in the kernel's source only; ProcessInfoTests
        "ProcFile.EntryNameOffset",
        "ProcFile.FirstBuffer",
        "ProcFile.FirstLinkBuffer",
        "ProcFile.LineBuffer",
        "ProcessActivity.SameAddressSpace", // kcmp(2)
        "ProcessFolder.BriefAttempts",
        "ProcessFolder.ExecAttempts",
        "ProcessInfo.Attempts",
        "RobustList.GetOnX64", // ForkTests
        "RobustList.SetOnX64",
        "RobustList.HeadSize", // struct robust_list_head; StructureTests
        "SignalHandlers.BufferSize",
        "SignalHandlers.Park",
        "SignalTrampoline.RecordSize",
        "SpawnAttributes.Size", // room; StructureTests
        "SpawnFileActions.FirstNumber",
        "SpawnFileActions.Size", // room; StructureTests
        "StatRecord.Exiting", // PF_EXITING and the others: in the kernel's source only; ProcessStateTests
        "StatRecord.ForkedWithoutExec",
        "StatRecord.KernelThread",
        "StatRecord.LastField", // proc(5)
        "StatRecord.StateField",
        "StatusFlagsOfSystem.SameEverywhere",
        "StatusRecord.Identities",
        "SurrogateEscape.First",
        "SurrogateEscape.Last",
        "SurrogateEscape.MaximumOnStack",
        "ThreadActivity.Attempts",
        "WaitStatus.ContinuedValue", // WaitStatusTests
    ];

    [Fact]
    public void Constants_are_those_of_the_C_headers()
    {
        (string C, long Value)[] ours =
        [
            .. s_rows.Select(row => (row.C, ValueOf(row.Ours))),
            .. Fields().Where(HasCName).Select(field => (CNameOf(field), ValueOf(field))),
            .. typeof(Signal).GetProperties(BindingFlags.Public | BindingFlags.Static).Select(property => ($"SIG{property.Name.ToUpperInvariant()}", (long)((Signal)property.GetValue(null)!).Number)),
        ];
        Assert.True(ours.Length > s_rows.Length + 60);
        long[] theirs = CProgram.Evaluate(Headers, ours.Select(constant => constant.C));
        Assert.Equal(ours.Zip(theirs, (constant, value) => $"{constant.C} {value}"), ours.Select(constant => $"{constant.C} {constant.Value}"));
    }

    [Fact]
    public void No_constant_is_forgotten()
    {
        HashSet<object> compared = [.. s_rows.Select(row => row.Ours)];
        IEnumerable<string> members =
            from type in s_library.GetTypes()
            where type.IsEnum && !s_ours.Contains(type.DeclaringType is { } outer ? $"{outer.Name}.{type.Name}" : type.Name) && type.FullName!.StartsWith("Multiprocessing", StringComparison.Ordinal)
            from name in Enum.GetNames(type)
            where name != "None" && !compared.Contains(Enum.Parse(type, name))
            select $"{type.Name}.{name}";
        IEnumerable<string> constants =
            from field in Fields()
            where !HasCName(field) && field.IsLiteral && !s_ours.Contains(NameOf(field)) && !compared.Contains(NameOf(field))
            select NameOf(field);
        string forgotten = string.Join(", ", members.Concat(constants));
        Assert.True(forgotten.Length == 0, $"Not compared with the C headers: {forgotten}");
    }

    private static long ValueOf(object ours) => ours switch
    {
        StatusFlags flags => StatusFlagsOfSystem.ToSystem(flags),
        string name => ValueOf(Fields().Single(field => NameOf(field) == name)),
        _ => Convert.ToInt64(ours, CultureInfo.InvariantCulture),
    };

    private static long ValueOf(FieldInfo field) => field.GetValue(null) is ulong value ? unchecked((long)value) : Convert.ToInt64(field.GetValue(null), CultureInfo.InvariantCulture);

    /// <summary>The constants, and the numbers that are set once because they differ from machine to machine.</summary>
    private static IEnumerable<FieldInfo> Fields() =>
        from type in s_library.GetTypes()
        where !type.IsEnum && !type.Name.Contains('<') && type.FullName!.StartsWith("Multiprocessing", StringComparison.Ordinal)
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where (field.IsLiteral || field.IsInitOnly) && field.FieldType.IsPrimitive && !field.Name.Contains('<')
        select field;

    private static string NameOf(FieldInfo field) => $"{field.DeclaringType!.Name}.{field.Name}";

    private static bool HasCName(FieldInfo field) => field.DeclaringType == typeof(Errno) || CName().IsMatch(field.Name);

    private static string CNameOf(FieldInfo field) => field.Name;

    [GeneratedRegex("^(SYS_|[A-Z][A-Z0-9]*_[A-Z0-9_]+$|TIOC)")]
    private static partial Regex CName();
}
