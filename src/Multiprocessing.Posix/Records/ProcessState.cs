namespace Multiprocessing.Posix;

/// <summary>Where a process is in its life, in the words of the textbooks. See <see cref="ProcessInfo.State"/> for how it is found out.</summary>
public enum ProcessState
{
    /// <summary>Made, but not yet on its program: it has never had a processor, or is a vfork(2) or posix_spawn(3) child before its exec.</summary>
    New,

    /// <summary>Could run, but waits for a processor.</summary>
    Ready,

    /// <summary>On a processor.</summary>
    Running,

    /// <summary>Waits for something other than a processor: input, a lock, a child, time.</summary>
    Waiting,

    /// <summary>Stopped by a signal or a tracer; SIGCONT or the tracer lets it go on.</summary>
    Stopped,

    /// <summary>Has ended, and its parent has not waited for it yet.</summary>
    Zombie,

    /// <summary>Is gone: it has ended and was waited for.</summary>
    Terminated,
}
