using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <content>Scheduling policies. A process ID names the process's first thread, 0 the calling one; threads and children inherit the policy.</content>
public static partial class Os
{
    private static readonly bool s_x64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int s_schedGetParam = s_x64 ? 143 : 121;
    private static readonly int s_schedSetScheduler = s_x64 ? 144 : 119;
    private static readonly int s_schedGetScheduler = s_x64 ? 145 : 120;

    // musl refuses these three, since Linux does for a thread what POSIX means for a process; hence the bare calls.

    /// <summary>The scheduling policy of a process and its priority. See sched_getscheduler(2) and sched_getparam(2).</summary>
    /// <param name="pid">A process or a thread; 0: the calling thread.</param>
    /// <returns>The policy, and the priority: 1 to 99 for the real-time policies, else 0.</returns>
    /// <exception cref="PosixException">ESRCH: there is no such process; EINVAL: the ID is negative.</exception>
    public static unsafe (SchedulingPolicy Policy, int Priority) GetScheduler(int pid = 0)
    {
        int priority; // struct sched_param is this int
        nint policy = Libc.syscall(s_schedGetScheduler, pid, 0, 0, 0, 0);
        Check("sched_getscheduler", (int)policy);
        Check("sched_getparam", (int)Libc.syscall(s_schedGetParam, pid, (nint)(&priority), 0, 0, 0));
        return ((SchedulingPolicy)policy, priority);
    }

    /// <summary>Sets the scheduling policy of a process and its priority. See sched_setscheduler(2).</summary>
    /// <param name="pid">A process or a thread; 0: the calling thread. The process's other threads keep theirs.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="priority">Within <see cref="SchedGetPriorityMin"/> and <see cref="SchedGetPriorityMax"/> of the policy; 0 where it is not a real-time one.</param>
    /// <exception cref="PosixException">EINVAL: the policy or priority is not valid, or the ID is negative; EPERM: real time needs CAP_SYS_NICE, or room in <see cref="Resource.RealTimePriority"/>; ESRCH.</exception>
    public static unsafe void SetScheduler(int pid, SchedulingPolicy policy, int priority = 0) =>
        Check("sched_setscheduler", (int)Libc.syscall(s_schedSetScheduler, pid, (int)policy, (nint)(&priority), 0, 0));

    /// <summary>The greatest priority of a policy. See sched_get_priority_max(2).</summary>
    /// <param name="policy">The policy.</param>
    /// <returns>99 for the real-time policies, else 0.</returns>
    /// <exception cref="PosixException">EINVAL: there is no such policy.</exception>
    public static int SchedGetPriorityMax(SchedulingPolicy policy) => Check("sched_get_priority_max", Libc.sched_get_priority_max((int)policy));

    /// <summary>The least priority of a policy. See sched_get_priority_min(2).</summary>
    /// <param name="policy">The policy.</param>
    /// <returns>1 for the real-time policies, else 0.</returns>
    /// <exception cref="PosixException">EINVAL: there is no such policy.</exception>
    public static int SchedGetPriorityMin(SchedulingPolicy policy) => Check("sched_get_priority_min", Libc.sched_get_priority_min((int)policy));

    /// <summary>How long a turn of a process under <see cref="SchedulingPolicy.RoundRobin"/> is. See sched_rr_get_interval(2).</summary>
    /// <param name="pid">A process or a thread; 0: the calling thread.</param>
    /// <returns>The time; under other policies what the kernel makes of the question.</returns>
    /// <exception cref="PosixException">ESRCH: there is no such process; EINVAL: the ID is negative.</exception>
    public static unsafe TimeSpan SchedRrGetInterval(int pid = 0)
    {
        TimeSpec interval;
        Check("sched_rr_get_interval", Libc.sched_rr_get_interval(pid, &interval));
        return new TimeSpan(interval.ToTicks());
    }

    /// <summary>Lets other threads of the same priority run first. See sched_yield(2); it helps no program that waits for something.</summary>
    public static void SchedYield() => Check("sched_yield", Libc.sched_yield());
}
