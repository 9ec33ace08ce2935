using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>What a child does to itself so that it cannot use more memory or CPU time than it may.</summary>
internal static class UsageLimits
{
    private const long RuntimesOwn = 64L << 20;
    private const long UsualStack = 8L << 20;

    private static SafeTimerHandle? s_cpuTimer; // runs as long as the process lives

    /// <summary>The managed heap by the collector's hard limit, so that its end is an orderly exception; everything else by RLIMIT_DATA, which is wider for what the runtime itself needs.</summary>
    /// <remarks>A variable such as DOTNET_GCHeapHardLimit would do for a runtime that starts, but not for one that was forked.</remarks>
    internal static void LimitMemory(long bytes)
    {
        AppContext.SetData("GCHeapHardLimit", (ulong)bytes);
        GC.RefreshMemoryLimit();

        long stack = Math.Min(Os.GetLimit(Resource.Stack).Soft ?? UsualStack, UsualStack);
        long allowance = RuntimesOwn + (Environment.ProcessorCount * stack);
        ResourceLimit data = Os.GetLimit(Resource.Data);
        long limit = Sum(Sum(StatusRecord.OfThisProcess.DataBytes, allowance), bytes);
        Os.SetLimit(Resource.Data, new ResourceLimit(Math.Min(limit, data.Soft ?? limit), Math.Min(limit, data.Hard ?? limit)));
    }

    /// <summary>By a timer on the process's CPU clock whose signal is SIGKILL; by RLIMIT_CPU, in whole seconds, for whatever is executed or started later.</summary>
    internal static void LimitCpuTime(TimeSpan time)
    {
        s_cpuTimer = Os.TimerCreate(ClockId.ProcessCpuTime, Signal.Kill);
        Os.TimerSetTime(s_cpuTimer, time);

        long seconds = (long)Math.Ceiling(Os.ClockGetTime(ClockId.ProcessCpuTime).TotalSeconds + time.TotalSeconds);
        ResourceLimit cpu = Os.GetLimit(Resource.Cpu);
        if (cpu.Soft is null || cpu.Soft > seconds)
        {
            Os.SetLimit(Resource.Cpu, new ResourceLimit(Math.Min(seconds, cpu.Hard ?? seconds), cpu.Hard is { } hard ? Math.Min(hard, seconds + 1) : seconds + 1));
        }
    }

    internal static StartUsage UsageSoFar()
    {
        ResourceUsage told = Os.GetUsage();
        return new StartUsage(StatusRecord.OfThisProcess.MaxResidentBytes, told.MaxResidentBytes, told.UserTime + told.SystemTime);
    }

    private static long Sum(long one, long other) => one > long.MaxValue - other ? long.MaxValue : one + other;
}
