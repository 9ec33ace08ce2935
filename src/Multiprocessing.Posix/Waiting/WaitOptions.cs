namespace Multiprocessing.Posix;

/// <summary>Options of waitpid(2), wait3(2) and wait4(2), with the system's values.</summary>
[Flags]
public enum WaitOptions
{
    /// <summary>Wait until a child ends.</summary>
    None = 0,

    /// <summary>WNOHANG: return pid 0 at once when nothing has changed.</summary>
    NoHang = 1,

    /// <summary>WUNTRACED: also report children that have stopped.</summary>
    Untraced = 2,

    /// <summary>WCONTINUED: also report children that were continued.</summary>
    Continued = 8,
}

/// <summary>What the number given to waitid(2) names, with the system's values.</summary>
public enum IdType
{
    /// <summary>P_ALL: any child; the number does not matter.</summary>
    Any = 0,

    /// <summary>P_PID: the child with this process ID.</summary>
    Pid = 1,

    /// <summary>P_PGID: any child of this process group.</summary>
    ProcessGroup = 2,

    /// <summary>P_PIDFD: the child that this pidfd refers to.</summary>
    PidFd = 3,
}

/// <summary>Options of waitid(2), with the system's values. At least one of Exited, Stopped and Continued is needed.</summary>
[Flags]
public enum WaitIdOptions
{
    /// <summary>No option; the call itself refuses it.</summary>
    None = 0,

    /// <summary>WNOHANG: return nothing at once when nothing has changed.</summary>
    NoHang = 1,

    /// <summary>WSTOPPED: report children that have stopped.</summary>
    Stopped = 2,

    /// <summary>WEXITED: report children that have ended.</summary>
    Exited = 4,

    /// <summary>WCONTINUED: report children that were continued.</summary>
    Continued = 8,

    /// <summary>WNOWAIT: leave the child waitable; a later wait reports the same again.</summary>
    NoWait = 0x1000000,
}
