namespace Multiprocessing.Posix;

/// <summary>How the kernel chooses when a thread runs, with the system's values. See sched(7).</summary>
public enum SchedulingPolicy
{
    /// <summary>SCHED_OTHER: shares of time, weighted by the nice value.</summary>
    Other = 0,

    /// <summary>SCHED_FIFO: real time; runs until it waits or something of a higher priority wants to run.</summary>
    Fifo = 1,

    /// <summary>SCHED_RR: as <see cref="Fifo"/>, in turns among those of the same priority.</summary>
    RoundRobin = 2,

    /// <summary>SCHED_BATCH: as <see cref="Other"/>, for work that nobody waits for.</summary>
    Batch = 3,

    /// <summary>SCHED_IDLE: only when nothing else wants to run.</summary>
    Idle = 5,

    /// <summary>SCHED_DEADLINE: real time by deadlines. It can be read; setting it takes sched_setattr(2).</summary>
    Deadline = 6,

    /// <summary>SCHED_RESET_ON_FORK: a flag to add to a policy: children start with <see cref="Other"/> again. Reading gives it back.</summary>
    ResetOnFork = 0x40000000,
}
