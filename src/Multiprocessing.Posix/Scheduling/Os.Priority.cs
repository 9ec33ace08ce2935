using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <content>
/// The nice value: 19 is the nicest to others, -20 the least. Linux keeps it by thread where POSIX means the process: a process ID names
/// its first thread, 0 the calling one, and threads and children inherit the value of the thread that makes them.
/// </content>
public static partial class Os
{
    private const int WholeRange = 40; // the C library adds without looking whether the sum overflows

    /// <summary>Changes the nice value of the calling thread. See nice(2).</summary>
    /// <param name="increment">What to add to it; a sum beyond -20 or 19 becomes that.</param>
    /// <returns>The new value. -1 is a value like others.</returns>
    /// <exception cref="PosixException">EPERM: a lower value needs CAP_SYS_NICE, or room in <see cref="Resource.Nice"/>.</exception>
    public static int Nice(int increment) => CheckSigned("nice", Libc.nice(Math.Clamp(increment, -WholeRange, WholeRange)));

    /// <summary>The nice value of a process. See getpriority(2).</summary>
    /// <param name="pid">A process or a thread; 0: the calling thread.</param>
    /// <returns>-20 to 19.</returns>
    /// <exception cref="PosixException">ESRCH: there is no such process.</exception>
    public static int GetPriority(int pid = 0) => GetPriority(PriorityOf.Process, (uint)pid);

    /// <summary>The lowest nice value among processes. See getpriority(2).</summary>
    /// <param name="which">What <paramref name="id"/> names.</param>
    /// <param name="id">A process, a process group or a user; 0: the caller's.</param>
    /// <returns>-20 to 19.</returns>
    /// <exception cref="PosixException">ESRCH: there is no such process; EINVAL.</exception>
    public static int GetPriority(PriorityOf which, uint id) => CheckSigned("getpriority", Libc.getpriority((int)which, id));

    /// <summary>Sets the nice value of a process. See setpriority(2).</summary>
    /// <param name="pid">A process or a thread; 0: the calling thread.</param>
    /// <param name="nice">The value; one beyond -20 or 19 becomes that.</param>
    /// <exception cref="PosixException">ESRCH; EPERM: another user's; EACCES: a lower value needs CAP_SYS_NICE, or room in <see cref="Resource.Nice"/>.</exception>
    public static void SetPriority(int pid, int nice) => SetPriority(PriorityOf.Process, (uint)pid, nice);

    /// <summary>Sets the nice value of several processes. See setpriority(2).</summary>
    /// <param name="which">What <paramref name="id"/> names.</param>
    /// <param name="id">A process, a process group or a user; 0: the caller's.</param>
    /// <param name="nice">The value; one beyond -20 or 19 becomes that.</param>
    /// <exception cref="PosixException">ESRCH; EPERM: another user's; EACCES: a lower value needs CAP_SYS_NICE; EINVAL.</exception>
    public static void SetPriority(PriorityOf which, uint id, int nice) => Check("setpriority", Libc.setpriority((int)which, id, nice));

    /// <summary>For calls whose -1 is an error only when errno says so.</summary>
    private static int CheckSigned(string call, int result) =>
        result != -1 || Marshal.GetLastPInvokeError() == 0 ? result : throw PosixException.Last(call);
}

/// <summary>Whose nice value getpriority(2) and setpriority(2) are about, with the system's values.</summary>
public enum PriorityOf
{
    /// <summary>PRIO_PROCESS: one process.</summary>
    Process = 0,

    /// <summary>PRIO_PGRP: the processes of a process group.</summary>
    ProcessGroup = 1,

    /// <summary>PRIO_USER: the processes of a real user ID.</summary>
    User = 2,
}
