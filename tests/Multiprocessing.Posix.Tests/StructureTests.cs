using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix.Tests;

/// <summary>Every structure that goes to the kernel or the C library, against the C headers. A new one gets its rows here.</summary>
public sealed class StructureTests
{
    private const string Headers = """
        #include <fcntl.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <spawn.h>
        #include <time.h>
        #include <linux/futex.h>
        #include <sys/epoll.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/time.h>
        #include <sys/times.h>
        #include <sys/uio.h>
        #include <sys/utsname.h>
        """;

    private static readonly int s_epollOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private static readonly (string C, long Ours)[] s_rows =
    [
        Size<TimeVal>("struct timeval"),
        Offset<TimeVal>("struct timeval", "tv_sec", "Seconds"),
        Offset<TimeVal>("struct timeval", "tv_usec", "Microseconds"),
        Size<TimeSpec>("struct timespec"),
        Offset<TimeSpec>("struct timespec", "tv_sec", "Seconds"),
        Offset<TimeSpec>("struct timespec", "tv_nsec", "Nanoseconds"),
        Size<TimerSpec>("struct itimerspec"),
        Offset<TimerSpec>("struct itimerspec", "it_interval", "Interval"),
        Offset<TimerSpec>("struct itimerspec", "it_value", "Initial"),

        Size<FileStatus>("struct statx"),
        Offset<FileStatus>("struct statx", "stx_ino", "Inode"),
        Offset<FileStatus>("struct statx", "stx_dev_major", "DeviceMajor"),
        Offset<FileStatus>("struct statx", "stx_dev_minor", "DeviceMinor"),

        Offset<RUsage>("struct rusage", "ru_utime", "UserTime"),
        Offset<RUsage>("struct rusage", "ru_stime", "SystemTime"),
        Offset<RUsage>("struct rusage", "ru_maxrss", "MaxResidentKibibytes"),
        Offset<RUsage>("struct rusage", "ru_minflt", "MinorFaults"),
        Offset<RUsage>("struct rusage", "ru_majflt", "MajorFaults"),
        Offset<RUsage>("struct rusage", "ru_nvcsw", "VoluntarySwitches"),
        Offset<RUsage>("struct rusage", "ru_nivcsw", "InvoluntarySwitches"),

        Size<SignalInfo>("siginfo_t"),
        Offset<SignalInfo>("siginfo_t", "si_code", "Code"),
        Offset<SignalInfo>("siginfo_t", "si_pid", "Pid"),
        Offset<SignalInfo>("siginfo_t", "si_uid", "Uid"),
        Offset<SignalInfo>("siginfo_t", "si_status", "Status"),
        Offset<SignalInfo>("siginfo_t", "si_value", "Value"),
        Size<SignalSet>("sigset_t"),
        Size<SignalAction>("struct sigaction"),
        Offset<SignalAction>("struct sigaction", "sa_handler", "Handler"),
        Offset<SignalAction>("struct sigaction", "sa_mask", "Mask"),
        Offset<SignalAction>("struct sigaction", "sa_flags", "Flags"),
        Offset<SignalAction>("struct sigaction", "sa_restorer", "Restorer"),
        Size<Os.SignalEvent>("struct sigevent"),
        Offset<Os.SignalEvent>("struct sigevent", "sigev_signo", "SignalNumber"),
        Offset<Os.SignalEvent>("struct sigevent", "sigev_notify", "Notify"),

        Size<SignalStack>("stack_t"),
        Offset<SignalStack>("stack_t", "ss_sp", "Start"),
        Offset<SignalStack>("stack_t", "ss_flags", "Flags"),
        Offset<SignalStack>("stack_t", "ss_size", "Size"),
        ("sizeof(struct robust_list_head)", 24),

        Size<RLimit>("struct rlimit"),
        Offset<RLimit>("struct rlimit", "rlim_cur", "Soft"),
        Offset<RLimit>("struct rlimit", "rlim_max", "Hard"),
        Size<Tms>("struct tms"),
        Offset<Tms>("struct tms", "tms_utime", "User"),
        Offset<Tms>("struct tms", "tms_stime", "System"),
        Offset<Tms>("struct tms", "tms_cutime", "ChildrenUser"),
        Offset<Tms>("struct tms", "tms_cstime", "ChildrenSystem"),
        Size<UtsName>("struct utsname"),
        Offset<UtsName>("struct utsname", "machine", "Machine"),
        ("sizeof(struct sched_param)", sizeof(int)),

        Size<PollDescriptor>("struct pollfd"),
        Offset<PollDescriptor>("struct pollfd", "fd", "<Descriptor>k__BackingField"),
        Offset<PollDescriptor>("struct pollfd", "events", "<Events>k__BackingField"),
        Offset<PollDescriptor>("struct pollfd", "revents", "<Returned>k__BackingField"),
        ("sizeof(struct epoll_event)", s_epollOffset + 8),
        ("offsetof(struct epoll_event, data)", s_epollOffset),

        Size<DescriptorOwner>("struct f_owner_ex"),
        Offset<DescriptorOwner>("struct f_owner_ex", "type", "<Type>k__BackingField"),
        Offset<DescriptorOwner>("struct f_owner_ex", "pid", "<Id>k__BackingField"),
        Size<FileLockRequest>("struct flock"),
        Offset<FileLockRequest>("struct flock", "l_type", "Kind"),
        Offset<FileLockRequest>("struct flock", "l_whence", "Whence"),
        Offset<FileLockRequest>("struct flock", "l_start", "Start"),
        Offset<FileLockRequest>("struct flock", "l_len", "Length"),
        Offset<FileLockRequest>("struct flock", "l_pid", "Pid"),

        Size<IoVector>("struct iovec"),
        Offset<IoVector>("struct iovec", "iov_base", "Start"),
        Offset<IoVector>("struct iovec", "iov_len", "Length"),
        Size<MessageHeader>("struct msghdr"),
        Offset<MessageHeader>("struct msghdr", "msg_name", "Name"),
        Offset<MessageHeader>("struct msghdr", "msg_namelen", "NameLength"),
        Offset<MessageHeader>("struct msghdr", "msg_iov", "Vectors"),
        Offset<MessageHeader>("struct msghdr", "msg_iovlen", "VectorCount"),
        Offset<MessageHeader>("struct msghdr", "msg_control", "Control"),
        Offset<MessageHeader>("struct msghdr", "msg_controllen", "ControlLength"),
        Offset<MessageHeader>("struct msghdr", "msg_flags", "Flags"),
        Size<ControlHeader>("struct cmsghdr"),
        Offset<ControlHeader>("struct cmsghdr", "cmsg_len", "Length"),
        Offset<ControlHeader>("struct cmsghdr", "cmsg_level", "Level"),
        Offset<ControlHeader>("struct cmsghdr", "cmsg_type", "Type"),
        ("CMSG_LEN(4)", ControlHeader.LengthOf(4)),
        ("CMSG_SPACE(4)", ControlHeader.SpaceOf(4)),
        ("CMSG_SPACE(12)", ControlHeader.SpaceOf(12)),
        Size<PeerCredentials>("struct ucred"),
        Offset<PeerCredentials>("struct ucred", "pid", "<Pid>k__BackingField"),
        Offset<PeerCredentials>("struct ucred", "uid", "<Uid>k__BackingField"),
        Offset<PeerCredentials>("struct ucred", "gid", "<Gid>k__BackingField"),

        Size<FutexWaiter>("struct futex_waitv"),
        Offset<FutexWaiter>("struct futex_waitv", "val", "_expected"),
        Offset<FutexWaiter>("struct futex_waitv", "uaddr", "_address"),
        Offset<FutexWaiter>("struct futex_waitv", "flags", "_flags"),
        Offset<FutexWaiter>("struct futex_waitv", "__reserved", "_reserved"),
    ];

    [Fact]
    public void Structures_have_the_sizes_and_offsets_of_the_C_headers()
    {
        long[] theirs = CProgram.Evaluate(Headers, s_rows.Select(row => row.C));
        Assert.Equal(s_rows.Zip(theirs, (row, value) => (row.C, value)), s_rows);
    }

    [Fact]
    public void Structures_that_the_C_library_may_enlarge_have_room()
    {
        Assert.Equal(272, Unsafe.SizeOf<RUsage>());
        string[] limits = ["sizeof(struct rusage) <= 272", "sizeof(posix_spawn_file_actions_t) <= 512", "sizeof(posix_spawnattr_t) <= 1024"];
        Assert.All(CProgram.Evaluate(Headers, limits), value => Assert.Equal(1, value));
    }

    private static (string C, long Ours) Size<T>(string type)
        where T : struct => ($"sizeof({type})", Unsafe.SizeOf<T>());

    private static (string C, long Ours) Offset<T>(string type, string member, string field)
        where T : struct => ($"offsetof({type}, {member})", Marshal.OffsetOf<T>(field));
}
