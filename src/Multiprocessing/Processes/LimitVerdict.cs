using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Whether a child ended because it went over a limit of its options. The kernel does not tell; it follows from the limit, what was used, and how it ended.</summary>
/// <remarks>What the kernel tells of a child includes the children that it has reaped itself.</remarks>
internal static class LimitVerdict
{
    private const double NearlyAll = 7.0 / 8;

    /// <summary>A process's user and system time are told in parts that need not add up to the last tick.</summary>
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    /// <param name="status">How it ended.</param>
    /// <param name="report">What it said.</param>
    /// <param name="options">Its limits.</param>
    /// <param name="byUs">Whether it died of a signal that this object sent.</param>
    /// <returns>Null when no limit has to do with it.</returns>
    internal static StopReason? On(ChildExitStatus status, ChildReport report, ChildProcessOptions options, bool byUs) =>
        report.Result is not null ? null
        : IsOverCpu(status, report, options, byUs) ? StopReason.OverCpu
        : IsOverMemory(status, report, options, byUs) ? StopReason.OverMemory
        : null;

    private static bool IsOverCpu(ChildExitStatus status, ChildReport report, ChildProcessOptions options, bool byUs) =>
        status.Signal == Signal.Xcpu
        || (status.Signal == Signal.Kill && !byUs && options.CpuTimeLimit is { } limit && report.Started is { } started
            && status.Usage.UserTime + status.Usage.SystemTime - started.CpuTime >= limit - s_tick);

    /// <remarks>
    /// An exception that says so is believed, since one allocation that is much too large leaves no trace in the usage. Other exceptions are the work's own. A
    /// child that died without a word is judged by what it used. Of that the kernel tells only what is above the peak of the process that started it: posix_spawn
    /// lends the child that process's memory until exec, and exec counts it.
    /// </remarks>
    private static bool IsOverMemory(ChildExitStatus status, ChildReport report, ChildProcessOptions options, bool byUs)
    {
        if (options.MemoryLimit is not { } limit || status.ExitCode == 0)
        {
            return false;
        }

        if (report.LackedMemory)
        {
            return true;
        }

        bool diedSilently = status.Signal is not null && report.LastWord is null && !byUs;
        return diedSilently && report.Started is { } started && status.Usage.MaxResidentBytes > started.ToldPeak && status.Usage.MaxResidentBytes - started.Peak >= limit * NearlyAll;
    }
}
