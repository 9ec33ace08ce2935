using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A started child as the operating system sees it: its end, its channel, its standard streams. One implementation a platform.</summary>
/// <remarks>Safe for use by several threads, but <see cref="Receive"/> and <see cref="Reap"/> only by one at a time.</remarks>
internal abstract class RunningChild : IDisposable
{
    internal abstract int Pid { get; }

    /// <summary>Becomes readable (poll) when the child has ended.</summary>
    internal abstract SafeHandle Process { get; }

    internal abstract Stream? StandardInput { get; }

    internal abstract Stream? StandardOutput { get; }

    internal abstract Stream? StandardError { get; }

    internal abstract bool HasEnded { get; }

    /// <summary>Starts this program once more, as a child that finds its work on an inherited socket.</summary>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    /// <exception cref="PosixException">The system refused.</exception>
    internal static RunningChild Start(ReadOnlySpan<byte> handOver, ChildProcessOptions options) => OperatingSystem.IsLinux()
        ? LinuxChild.Start(handOver, options)
        : throw new PlatformNotSupportedException("Multiprocessing starts children on Linux only, so far.");

    /// <summary>Whether a child's way in is a start-up hook, which may be switched off.</summary>
    internal static bool NeedsHook => HostCommand.OfThisProgram.UsesHook;

    /// <summary>Whether any child of this process has ended, its own or another's; a cheap question before an expensive search.</summary>
    internal static bool AnyMayHaveEnded() => LinuxChild.AnyHasEnded();

    /// <summary>A handle that polls readable for ever, as a sentinel of a child that ended long ago.</summary>
    internal static SafeHandle AlwaysReadable() => Os.EventFd(initial: 1);

    /// <summary>Waits until the child has ended or has something to say.</summary>
    /// <param name="timeout">Null: for ever.</param>
    /// <param name="listen">Whether to wait for its channel, too.</param>
    /// <returns>False when the time ran out.</returns>
    internal abstract bool Wait(TimeSpan? timeout, bool listen);

    /// <summary>Reads what the child said, without waiting.</summary>
    /// <returns>The number of bytes; 0 at the end of the channel, -1 when there is nothing now.</returns>
    internal abstract int Receive(Span<byte> buffer);

    /// <summary>Takes the ended child's status from the system.</summary>
    /// <returns>Null when somebody else took it before.</returns>
    internal abstract (WaitStatus Status, ResourceUsage Usage)? Reap();

    /// <summary>Sends a signal; does nothing when the child has ended.</summary>
    internal abstract void Send(Signal signal);

    /// <summary>Calls back, on a thread of the library, as often as the child has something to say, until <see cref="StopListening"/>.</summary>
    internal abstract void Listen(Action callback);

    internal abstract void StopListening();

    /// <summary>Calls back, on a thread of the library, when the child has ended.</summary>
    internal abstract void OnEnd(Action callback);

    /// <summary>Closes everything but the standard streams, which are the user's, and <see cref="Process"/> if <paramref name="keepProcess"/> says so.</summary>
    internal abstract void Release(bool keepProcess);

    public abstract void Dispose();
}
