using System.Diagnostics;

namespace Multiprocessing.Posix.Tests;

public sealed class LimitTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public void Every_limit_reads_as_another_program_reads_it()
    {
        using WaitingChild child = new();
        string ours = string.Join(' ', Enum.GetValues<Resource>().Select(r => $"({(int)r}, ({Text(Os.GetLimit(r, child.Pid).Soft)}, {Text(Os.GetLimit(r, child.Pid).Hard)}))"));
        Assert.Equal(SystemProgram.Python($"import resource; print(*[(r, resource.prlimit({child.Pid}, r)) for r in range(16)])"), ours);
        Assert.Equal(Os.GetLimit(Resource.Stack), Os.GetLimit(Resource.Stack, Os.GetPid()));

        static string Text(long? value) => value is { } number ? $"{number}" : "-1";
    }

    [Fact]
    public void The_names_have_the_systems_numbers()
    {
        string[] ours = ["RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS"];
        Resource[] resources = [Resource.Cpu, Resource.FileSize, Resource.Data, Resource.Stack, Resource.Core, Resource.ResidentSet, Resource.Processes, Resource.OpenFiles, Resource.LockedMemory, Resource.AddressSpace];
        Assert.Equal(SystemProgram.Python($"import resource; print(*[getattr(resource, n) for n in '{string.Join(',', ours)}'.split(',')])"), string.Join(' ', resources.Select(r => (int)r)));
        Assert.Equal(
            SystemProgram.Python("import resource; print(resource.RLIMIT_SIGPENDING, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_NICE, resource.RLIMIT_RTPRIO, resource.RLIMIT_RTTIME)"),
            $"{(int)Resource.PendingSignals} {(int)Resource.MessageQueues} {(int)Resource.Nice} {(int)Resource.RealTimePriority} {(int)Resource.RealTimeTime}");
    }

    [Fact]
    public void A_limit_of_a_child_is_set_and_read_back()
    {
        using WaitingChild child = new();
        Os.SetLimit(Resource.OpenFiles, new ResourceLimit(100, 200), child.Pid);
        Assert.Equal(new ResourceLimit(100, 200), Os.GetLimit(Resource.OpenFiles, child.Pid));
        Assert.Matches(@"Max open files +100 +200 ", File.ReadAllText($"/proc/{child.Pid}/limits"));

        Os.SetLimit(Resource.FileSize, new ResourceLimit(1L << 40, null), child.Pid);
        Assert.Equal(new ResourceLimit(1L << 40, null), Os.GetLimit(Resource.FileSize, child.Pid));
        Os.SetLimit(Resource.FileSize, new ResourceLimit(null, null), child.Pid);
        Assert.Equal(new ResourceLimit(null, null), Os.GetLimit(Resource.FileSize, child.Pid));
        Os.SetLimit(Resource.FileSize, new ResourceLimit(0, long.MaxValue), child.Pid);
        Assert.Equal(new ResourceLimit(0, long.MaxValue), Os.GetLimit(Resource.FileSize, child.Pid));
    }

    [Fact]
    public void A_bad_limit_is_an_error_and_changes_nothing()
    {
        using WaitingChild child = new();
        ResourceLimit before = Os.GetLimit(Resource.OpenFiles, child.Pid);
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.SetLimit(Resource.OpenFiles, new ResourceLimit(-1, 10), child.Pid));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.SetLimit(Resource.OpenFiles, new ResourceLimit(1, long.MinValue), child.Pid));
        Assert.Equal("prlimit: Invalid argument (EINVAL)", Assert.Throws<PosixException>(() => Os.SetLimit(Resource.OpenFiles, new ResourceLimit(20, 10), child.Pid)).Message);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SetLimit(Resource.OpenFiles, new ResourceLimit(null, 10), child.Pid)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.GetLimit((Resource)99)).Errno);
        Assert.Equal(Errno.ESRCH, Assert.Throws<PosixException>(() => Os.GetLimit(Resource.OpenFiles, int.MaxValue)).Errno);
        Assert.Equal(before, Os.GetLimit(Resource.OpenFiles, child.Pid));
    }

    [Fact]
    public void Usage_of_the_thread_grows_with_its_work_and_the_processs_with_it()
    {
        Os.GetUsage(UsageOf.Thread);
        ResourceUsage process = Os.GetUsage();
        TimeSpan used = Os.GetUsage(UsageOf.Thread).UserTime;
        Use(TimeSpan.FromMilliseconds(100));
        used = Os.GetUsage(UsageOf.Thread).UserTime - used;
        Assert.True(used >= TimeSpan.FromMilliseconds(100));
        Assert.True(Os.GetUsage().UserTime - process.UserTime >= used - s_tick);
        Assert.InRange(Os.GetUsage().MaxResidentBytes, Environment.WorkingSet / 2, long.MaxValue);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.GetUsage((UsageOf)7)).Errno);
    }

    [Fact]
    public void Usage_of_the_children_has_what_a_waited_for_child_used()
    {
        TimeSpan before = Os.GetUsage(UsageOf.Children).UserTime;
        TimeSpan beforeTimes = Os.Times().ChildrenUser;
        int pid = Os.PosixSpawn("/bin/sh", ["sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"]);
        ResourceUsage usage = Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Usage;
        Assert.True(usage.UserTime > s_tick);
        Assert.True(Os.GetUsage(UsageOf.Children).UserTime - before >= usage.UserTime - s_tick);
        Assert.True(Os.Times().ChildrenUser - beforeTimes >= usage.UserTime - (2 * s_tick));
    }

    [Fact]
    public void Times_are_those_of_the_usage_and_the_clock()
    {
        long start = Stopwatch.GetTimestamp();
        ProcessTimes first = Os.Times();
        Use(TimeSpan.FromMilliseconds(100));
        ResourceUsage before = Os.GetUsage();
        ProcessTimes times = Os.Times();
        ResourceUsage after = Os.GetUsage();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        Assert.InRange(times.User, before.UserTime - s_tick, after.UserTime + s_tick);
        Assert.InRange(times.System, before.SystemTime - s_tick, after.SystemTime + s_tick);
        Assert.InRange(times.Elapsed - first.Elapsed, TimeSpan.FromMilliseconds(100) - (2 * s_tick), elapsed + (2 * s_tick));
    }

    /// <summary>Computes until this thread has used the time.</summary>
    private static void Use(TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        for (TimeSpan end = Os.GetUsage(UsageOf.Thread).UserTime + time; Os.GetUsage(UsageOf.Thread).UserTime < end;)
        {
            Thread.SpinWait(20_000);
            Assert.True(Stopwatch.GetElapsedTime(start) < s_deadline);
        }
    }
}
