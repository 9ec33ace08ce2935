namespace Multiprocessing;

/// <summary>Why a child ended.</summary>
public enum StopReason
{
    /// <summary>It exited by itself.</summary>
    Exited,

    /// <summary>A signal ended it.</summary>
    Signaled,

    /// <summary>It was ended because its work was cancelled.</summary>
    Canceled,

    /// <summary>It was ended because its <see cref="ChildProcessOptions.Timeout"/> ran out.</summary>
    TimedOut,

    /// <summary>
    /// It had a <see cref="ChildProcessOptions.MemoryLimit"/> and failed for lack of memory, or died when it had used nearly all of it. Concluded from what it used, and from the
    /// exception where there was one, since native code ends in its own ways. Where the child said nothing and this process has itself used as much memory before, it cannot be known.
    /// </summary>
    OverMemory,

    /// <summary>It used up its <see cref="ChildProcessOptions.CpuTimeLimit"/>, or passed the soft RLIMIT_CPU.</summary>
    OverCpu,
}
