namespace Multiprocessing.Posix;

/// <summary>Whose usage getrusage(2) tells, with the system's values.</summary>
public enum UsageOf
{
    /// <summary>RUSAGE_SELF: all threads of this process, those that have ended too.</summary>
    Self = 0,

    /// <summary>RUSAGE_CHILDREN: the children that were waited for, and those that they waited for.</summary>
    Children = -1,

    /// <summary>RUSAGE_THREAD: the calling thread.</summary>
    Thread = 1,
}
