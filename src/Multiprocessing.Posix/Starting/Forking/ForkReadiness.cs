using System.Diagnostics.CodeAnalysis;
using System.Runtime;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>Whether this process would survive a fork, and its child work.</summary>
internal static class ForkReadiness
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary>Whether a process of this kind can be forked at all.</summary>
    internal static bool IsPossible([NotNullWhen(false)] out string? reason)
    {
        reason =
            !OperatingSystem.IsLinux() ? "that is possible on Linux only." :
            RuntimeInformation.ProcessArchitecture != Architecture.X64 ? $"that is possible on x64 only, not yet on {RuntimeInformation.ProcessArchitecture}." :
            !NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "gnu_get_libc_version", out _) ? "that needs the GNU C library." :
            JitInfo.GetCompiledMethodCount() == 0 ? "that is possible on CoreCLR only, not under Native AOT." : // RuntimeFeature says what was set: false for `dotnet run app.cs`
            null;
        return reason is null;
    }

    /// <param name="wait">Whether to give threads that are about to end a moment.</param>
    internal static bool IsReady(bool wait, [NotNullWhen(false)] out string? reason)
    {
        if (!IsPossible(out reason))
        {
            return false;
        }

        reason =
            !ForkableRestart.IsRestarted ? "its runtime was not started for that. Call Os.RestartForkable() first thing in Main." :
            Os.GetTid() != Os.GetPid() ? "this is not its main thread, which would be missing in the child. Call Os.Fork on the main thread, not after an await." :
            !FinalizerThread.CanResurrect ? "the kernel does not tell where it keeps a thread's ID (PR_GET_TID_ADDRESS)." :
            FindStrangers(wait);
        return reason is null;
    }

    /// <summary>Threads that the child would lack and need.</summary>
    private static string? FindStrangers(bool wait)
    {
        // A thread that has been joined may be there for an instant longer; the kernel tells nobody when it goes.
        for (long start = System.Diagnostics.Stopwatch.GetTimestamp(); ; Thread.Sleep(1))
        {
            List<string> strangers = [];
            ProcFile.TryList("/proc/self/task", out List<int> threads);
            foreach (int thread in threads)
            {
                if (thread != Os.GetPid() && thread != FinalizerThread.Id && thread != SignalHandlers.ThreadId && NameOf(thread) is { } name && name != ".NET SynchManag")
                {
                    strangers.Add(name);
                }
            }

            if (strangers.Count == 0)
            {
                return null;
            }

            if (!wait || System.Diagnostics.Stopwatch.GetElapsedTime(start) > s_patience)
            {
                return $"it has other threads, which would be missing in the child: {string.Join(", ", strangers)}. Fork before they are started, or when they have ended{Explain(strangers)}.";
            }
        }
    }

    private static string Explain(List<string> strangers) =>
        strangers.Contains(".NET SigHandler") ? "; .NET SigHandler stays for good once Process, PosixSignalRegistration, Console.ReadKey or a console stream was used" :
        strangers.Exists(name => name.StartsWith(".NET TP", StringComparison.Ordinal)) ? "; threads of the pool stay for 20 s after their last work" :
        "";

    /// <returns>Null when it has ended meanwhile.</returns>
    private static string? NameOf(int thread) =>
        ProcFile.TryRead(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/comm"), out byte[] name) == 0 && name.Length > 0 ? SurrogateEscape.Decode(name.AsSpan(0, name.Length - 1)) : null;
}
