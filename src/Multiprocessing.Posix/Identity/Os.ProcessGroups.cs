namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>The process group of this process. See getpgrp(2).</summary>
    /// <returns>The group's ID; 0 when its leader is in another PID namespace.</returns>
    public static int GetPgrp() => Libc.getpgrp();

    /// <summary>The process group of a process. See getpgid(2).</summary>
    /// <param name="pid">A process; 0: this one.</param>
    /// <returns>The group's ID.</returns>
    /// <exception cref="PosixException">ESRCH: there is no such process.</exception>
    public static int GetPgid(int pid = 0) => Check("getpgid", Libc.getpgid(pid));

    /// <summary>The session of a process. See getsid(2).</summary>
    /// <param name="pid">A process; 0: this one.</param>
    /// <returns>The session's ID, which is the process ID of its leader.</returns>
    /// <exception cref="PosixException">ESRCH: there is no such process.</exception>
    public static int GetSid(int pid = 0) => Check("getsid", Libc.getsid(pid));

    /// <summary>Makes this process the leader of a new session and of a new process group, without a terminal. See setsid(2).</summary>
    /// <returns>The new session's ID, which is this process's.</returns>
    /// <exception cref="PosixException">EPERM: the process leads a group already, as one that a shell started does.</exception>
    public static int SetSid() => Check("setsid", Libc.setsid());

    /// <summary>Moves a process to a process group, or makes it the leader of a new one. See setpgid(2).</summary>
    /// <param name="pid">This process or a child of it that has not executed another program yet; 0: this process.</param>
    /// <param name="pgid">A group of the same session; 0, or the process's own ID: a new group that it leads.</param>
    /// <exception cref="PosixException">
    /// EACCES: the child has executed a program; EINVAL: the group's ID is negative; EPERM: another session, or a session leader; ESRCH:
    /// the process is neither this one nor a child.
    /// </exception>
    public static void SetPgid(int pid, int pgid) => Check("setpgid", Libc.setpgid(pid, pgid));
}
