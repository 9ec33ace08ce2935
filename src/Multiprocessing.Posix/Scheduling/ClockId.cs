namespace Multiprocessing.Posix;

/// <summary>A clock of clock_gettime(2), with the system's values. <see cref="Os.ClockGetCpuClockId"/> gives those of other processes.</summary>
public enum ClockId
{
    /// <summary>CLOCK_REALTIME: since the beginning of 1970, in UTC; it can be set.</summary>
    RealTime = 0,

    /// <summary>CLOCK_MONOTONIC: since some moment in the past; it cannot be set, and does not count while the system sleeps.</summary>
    Monotonic = 1,

    /// <summary>CLOCK_PROCESS_CPUTIME_ID: CPU time of all threads of this process.</summary>
    ProcessCpuTime = 2,

    /// <summary>CLOCK_THREAD_CPUTIME_ID: CPU time of this thread.</summary>
    ThreadCpuTime = 3,

    /// <summary>CLOCK_MONOTONIC_RAW: as <see cref="Monotonic"/>, but not slewed. It has no timers.</summary>
    MonotonicRaw = 4,

    /// <summary>CLOCK_BOOTTIME: as <see cref="Monotonic"/>, but counts while the system sleeps.</summary>
    BootTime = 7,
}
