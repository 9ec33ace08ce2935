namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>What this process, its children or this thread have used so far. See getrusage(2).</summary>
    /// <param name="whose">Whose usage.</param>
    /// <returns>The usage. Of the children, the greatest resident set is that of the greatest one; the other numbers are sums.</returns>
    /// <exception cref="PosixException">EINVAL: the value is none of the three.</exception>
    public static unsafe ResourceUsage GetUsage(UsageOf whose = UsageOf.Self)
    {
        RUsage usage = default;
        Check("getrusage", Libc.getrusage((int)whose, &usage));
        return usage.ToUsage();
    }

    /// <summary>CPU times of this process and of its children. See times(2); <see cref="GetUsage"/> tells them more finely.</summary>
    /// <returns>The times.</returns>
    public static unsafe ProcessTimes Times()
    {
        Tms times;
        long elapsed = CheckLong("times", Libc.times(&times));
        long tick = TimeSpan.TicksPerSecond / Sysconf(SysconfName.ClockTicks)!.Value;
        return new ProcessTimes(new(times.User * tick), new(times.System * tick), new(times.ChildrenUser * tick), new(times.ChildrenSystem * tick), new(elapsed * tick));
    }
}
