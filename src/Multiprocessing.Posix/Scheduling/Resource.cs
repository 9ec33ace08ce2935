namespace Multiprocessing.Posix;

/// <summary>What a process may use only so much of, with the numbers of RLIMIT_… on Linux. See setrlimit(2).</summary>
public enum Resource
{
    /// <summary>RLIMIT_CPU: CPU time, in seconds.</summary>
    Cpu = 0,

    /// <summary>RLIMIT_FSIZE: the size of a file that is written, in bytes.</summary>
    FileSize = 1,

    /// <summary>RLIMIT_DATA: the data segment, heap and private writable mappings, in bytes.</summary>
    Data = 2,

    /// <summary>RLIMIT_STACK: the main thread's stack, in bytes.</summary>
    Stack = 3,

    /// <summary>RLIMIT_CORE: the size of a core file, in bytes.</summary>
    Core = 4,

    /// <summary>RLIMIT_RSS: resident memory, in bytes; has no effect on Linux.</summary>
    ResidentSet = 5,

    /// <summary>RLIMIT_NPROC: threads of the real user.</summary>
    Processes = 6,

    /// <summary>RLIMIT_NOFILE: one more than the greatest descriptor.</summary>
    OpenFiles = 7,

    /// <summary>RLIMIT_MEMLOCK: locked memory, in bytes.</summary>
    LockedMemory = 8,

    /// <summary>RLIMIT_AS: the whole address space, in bytes.</summary>
    AddressSpace = 9,

    /// <summary>RLIMIT_LOCKS: file locks; has no effect since Linux 2.4.25.</summary>
    Locks = 10,

    /// <summary>RLIMIT_SIGPENDING: queued signals of the real user.</summary>
    PendingSignals = 11,

    /// <summary>RLIMIT_MSGQUEUE: POSIX message queues of the real user, in bytes.</summary>
    MessageQueues = 12,

    /// <summary>RLIMIT_NICE: how far niceness may be lowered: to 20 less this number.</summary>
    Nice = 13,

    /// <summary>RLIMIT_RTPRIO: the greatest real-time priority.</summary>
    RealTimePriority = 14,

    /// <summary>RLIMIT_RTTIME: CPU time of a real-time thread without a blocking call, in microseconds.</summary>
    RealTimeTime = 15,
}
