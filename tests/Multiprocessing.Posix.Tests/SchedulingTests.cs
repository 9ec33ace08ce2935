using System.Globalization;
using System.Runtime.CompilerServices;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class SchedulingTests
{
    private const int NoSuchPid = int.MaxValue;

    [Fact]
    public void Structures_have_the_sizes_of_the_C_headers() =>
        Assert.Equal(
            CProgram.Run("""
                #include <stdio.h>
                #include <sched.h>
                #include <sys/resource.h>
                #include <sys/times.h>
                #include <sys/utsname.h>
                int main(void) { printf("%zu %zu %zu %zu\n", sizeof(struct rlimit), sizeof(struct tms), sizeof(struct utsname), sizeof(struct sched_param)); }
                """),
            (string[])[$"{Unsafe.SizeOf<RLimit>()} {Unsafe.SizeOf<Tms>()} {Unsafe.SizeOf<UtsName>()} {sizeof(int)}"]);

    [Fact]
    public void The_nice_value_of_a_child_is_set_and_read_with_minus_one_as_a_value_like_others()
    {
        using WaitingChild child = new(new PosixSpawnOptions { ProcessGroup = 0 });
        Assert.Equal(Os.GetPriority(), Os.GetPriority(child.Pid));
        foreach (int nice in (int[])(Environment.IsPrivilegedProcess ? [7, -1, -20, 0, 19] : [7, 19]))
        {
            Os.SetPriority(child.Pid, nice);
            Assert.Equal(nice, Os.GetPriority(child.Pid));
            Assert.Equal(nice, Os.GetPriority(PriorityOf.ProcessGroup, (uint)child.Pid));
            Assert.Equal(nice, WaitingChild.StatNumber(child.Pid, 19));
        }

        Os.SetPriority(PriorityOf.ProcessGroup, (uint)child.Pid, 100);
        Assert.Equal(19, Os.GetPriority(child.Pid));
        Assert.Equal("getpriority: No such process (ESRCH)", Assert.Throws<PosixException>(() => Os.GetPriority(NoSuchPid)).Message);
        Assert.Equal(Errno.ESRCH, Assert.Throws<PosixException>(() => Os.SetPriority(NoSuchPid, 1)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.GetPriority((PriorityOf)9, 0)).Errno);
    }

    [Fact]
    [Conformance(71)]
    public void The_affinity_of_a_child_is_narrowed_and_read_back()
    {
        using WaitingChild child = new();
        IReadOnlyList<int> all = Os.GetAffinity(child.Pid);
        Assert.Equal(SystemProgram.Python($"import os; print(*sorted(os.sched_getaffinity({child.Pid})))"), string.Join(' ', all));
        Assert.Equal(Os.GetAffinity().Count, Os.CpuCount());
        foreach (int processor in all)
        {
            Os.SetAffinity(child.Pid, [processor, processor]);
            Assert.Equal([processor], Os.GetAffinity(child.Pid));
            Assert.Equal($"{processor}", SystemProgram.Python($"import os; print(*os.sched_getaffinity({child.Pid}))"));
        }

        Os.SetAffinity(child.Pid, all.Append(60_000)); // one that does not exist counts as little as it does for the kernel
        Assert.Equal(all, Os.GetAffinity(child.Pid));
    }

    [Fact]
    [Conformance(71)]
    public void A_processor_that_cannot_be_is_an_error_and_changes_nothing()
    {
        using WaitingChild child = new();
        IReadOnlyList<int> all = Os.GetAffinity(child.Pid);
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.SetAffinity(child.Pid, [0, -1]));
        Assert.Throws<ArgumentNullException>(() => Os.SetAffinity(child.Pid, null!));
        foreach (int[] processors in (int[][])[[], [60_000], [int.MaxValue], [0, 65_536]])
        {
            Assert.Equal("sched_setaffinity: Invalid argument (EINVAL)", Assert.Throws<PosixException>(() => Os.SetAffinity(child.Pid, processors)).Message);
        }

        Assert.Equal(all, Os.GetAffinity(child.Pid));
        Assert.Equal(Errno.ESRCH, Assert.Throws<PosixException>(() => Os.SetAffinity(NoSuchPid, [0])).Errno);
        Assert.Equal(Errno.ESRCH, Assert.Throws<PosixException>(() => Os.GetAffinity(NoSuchPid)).Errno);
    }

    [Fact]
    [Conformance(70)]
    public void The_greatest_priority_of_a_policy_is_not_below_its_least()
    {
        SchedulingPolicy[] policies = [SchedulingPolicy.Other, SchedulingPolicy.Fifo, SchedulingPolicy.RoundRobin, SchedulingPolicy.Batch, SchedulingPolicy.Idle];
        Assert.Equal(
            SystemProgram.Python("import os; print(*[(int(p), os.sched_get_priority_min(p), os.sched_get_priority_max(p)) for p in (os.SCHED_OTHER, os.SCHED_FIFO, os.SCHED_RR, os.SCHED_BATCH, os.SCHED_IDLE)])"),
            string.Join(' ', policies.Select(p => $"({(int)p}, {Os.SchedGetPriorityMin(p)}, {Os.SchedGetPriorityMax(p)})")));
        Assert.All(policies, p => Assert.True(Os.SchedGetPriorityMin(p) <= Os.SchedGetPriorityMax(p)));
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SchedGetPriorityMin((SchedulingPolicy)99)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SchedGetPriorityMax((SchedulingPolicy)(-1))).Errno);
    }

    [Fact]
    [Conformance(69)]
    public void Policy_and_priority_are_read_and_set_to_the_same()
    {
        using WaitingChild child = new();
        (SchedulingPolicy policy, int priority) = Os.GetScheduler(child.Pid);
        Os.SetScheduler(child.Pid, policy, priority);
        Assert.Equal((policy, priority), Os.GetScheduler(child.Pid));

        Os.SetScheduler(child.Pid, SchedulingPolicy.Batch);
        Assert.Equal((SchedulingPolicy.Batch, 0), Os.GetScheduler(child.Pid));
        Assert.Equal("3 0", SystemProgram.Python($"import os; print(os.sched_getscheduler({child.Pid}), os.sched_getparam({child.Pid}).sched_priority)"));
        Assert.True(Os.SchedRrGetInterval(child.Pid) >= TimeSpan.Zero);
        Os.SchedYield();
    }

    [Fact]
    public void A_real_time_policy_is_set_with_its_priority()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Real-time priorities need root.");
        using WaitingChild child = new();
        Os.SetScheduler(child.Pid, SchedulingPolicy.RoundRobin | SchedulingPolicy.ResetOnFork, 5);
        Assert.Equal((SchedulingPolicy.RoundRobin | SchedulingPolicy.ResetOnFork, 5), Os.GetScheduler(child.Pid));
        Assert.Equal("5", WaitingChild.Stat(child.Pid, 40));
        Assert.Equal(double.Parse(SystemProgram.Python($"import os; print(os.sched_rr_get_interval({child.Pid}))"), CultureInfo.InvariantCulture), Os.SchedRrGetInterval(child.Pid).TotalSeconds, 1e-6);
    }

    [Fact]
    [Conformance(69)]
    public void A_bad_process_policy_or_priority_is_an_error()
    {
        Assert.Equal("sched_getscheduler: Invalid argument (EINVAL)", Assert.Throws<PosixException>(() => Os.GetScheduler(-1)).Message);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SetScheduler(-1, SchedulingPolicy.Other)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SchedRrGetInterval(-1)).Errno);
        Assert.Equal(Errno.ESRCH, Assert.Throws<PosixException>(() => Os.GetScheduler(NoSuchPid)).Errno);
        using WaitingChild child = new();
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SetScheduler(child.Pid, SchedulingPolicy.Other, 1)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SetScheduler(child.Pid, SchedulingPolicy.Fifo, 0)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SetScheduler(child.Pid, (SchedulingPolicy)99)).Errno);
        Assert.Equal(SchedulingPolicy.Other, Os.GetScheduler(child.Pid).Policy);
    }
}
