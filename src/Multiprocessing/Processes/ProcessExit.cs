using System.Diagnostics.CodeAnalysis;

namespace Multiprocessing;

/// <summary>Ends the process with an exit code, as an exception that may be caught on its way out.</summary>
public static class ProcessExit
{
    private static int s_observed;

    /// <summary>Whether this process deals with its uncaught exceptions itself, as the library's children do.</summary>
    internal static bool IsLookedAfter { get; set; }

    /// <summary>Throws <see cref="ProcessExitException"/>; when nobody catches it, the process ends with <paramref name="code"/>, and its exit handlers run.</summary>
    /// <param name="code">The exit code; only its low eight bits reach the parent.</param>
    /// <remarks>
    /// In a child, finally blocks run on its way out. In the first process .NET tells of an uncaught exception before it unwinds the stack, so
    /// the finally blocks between here and Main are passed over; a catch block on the way is not.
    /// </remarks>
    /// <exception cref="ProcessExitException">Always.</exception>
    [DoesNotReturn]
    public static void Exit(int code = 0)
    {
        Observe();
        throw new ProcessExitException(code);
    }

    private static void Observe()
    {
        if (!IsLookedAfter && Interlocked.Exchange(ref s_observed, 1) == 0)
        {
            AppDomain.CurrentDomain.UnhandledException += (_, uncaught) =>
            {
                if (uncaught.ExceptionObject is ProcessExitException exit)
                {
                    Environment.Exit(exit.ExitCode);
                }
            };
        }
    }
}

/// <summary>A request to end the process with an exit code.</summary>
/// <param name="exitCode">The exit code.</param>
public sealed class ProcessExitException(int exitCode) : Exception($"The process was asked to exit with code {exitCode}.")
{
    /// <summary>The exit code.</summary>
    public int ExitCode => exitCode;
}
