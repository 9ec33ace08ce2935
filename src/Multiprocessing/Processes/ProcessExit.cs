using System.Diagnostics.CodeAnalysis;

namespace Multiprocessing;

/// <summary>Ends a child with an exit code, as an exception that may be caught on its way out.</summary>
public static class ProcessExit
{
    /// <summary>Throws <see cref="ProcessExitException"/>; when nobody catches it, the child ends with <paramref name="code"/>.</summary>
    /// <param name="code">The exit code; only its low eight bits reach the parent.</param>
    /// <exception cref="ProcessExitException">Always.</exception>
    [DoesNotReturn]
    public static void Exit(int code = 0) => throw new ProcessExitException(code);
}

/// <summary>A request to end the process with an exit code.</summary>
/// <param name="exitCode">The exit code.</param>
public sealed class ProcessExitException(int exitCode) : Exception($"The process was asked to exit with code {exitCode}.")
{
    /// <summary>The exit code.</summary>
    public int ExitCode => exitCode;
}
