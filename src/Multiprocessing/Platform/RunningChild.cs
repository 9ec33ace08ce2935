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

    /// <summary>The last lines of standard output up to the child's end, where it is <see cref="StandardStream.Tee"/>; else empty.</summary>
    internal abstract string LastOutput { get; }

    /// <summary>The last lines of standard error up to the child's end, where it is <see cref="StandardStream.Tee"/>; else empty.</summary>
    internal abstract string LastErrorOutput { get; }

    internal abstract bool HasEnded { get; }

    /// <exception cref="PlatformNotSupportedException">Children cannot be started on this system.</exception>
    internal static void ThrowIfUnsupported() => ThrowIfUnsupported(OperatingSystem.IsLinux());

    internal static void ThrowIfUnsupported(bool isLinux)
    {
        if (!isLinux)
        {
            throw new PlatformNotSupportedException("Multiprocessing starts children on Linux only, so far: run this program on Linux, in WSL or in a Linux container.");
        }
    }

    /// <summary>Starts this program once more, as a child that finds its work on an inherited socket.</summary>
    /// <exception cref="PosixException">The system refused.</exception>
    internal static RunningChild Start(WireWriter handOver, ChildSettings settings, ChildProcessOptions options) => LinuxChild.Start(handOver, settings, options);

    /// <summary>Whether a child's way in is a start-up hook, which may be switched off.</summary>
    internal static bool NeedsHook => OperatingSystem.IsLinux() && HostCommand.OfThisProgram.UsesHook;

    /// <exception cref="InvalidOperationException">The program's files were deleted or replaced while it runs, so a child would be another program.</exception>
    internal static void ThrowIfProgramIsGone()
    {
        if (OperatingSystem.IsLinux())
        {
            HostCommand.OfThisProgram.ThrowIfGone();
        }
    }

    /// <summary>Whether any child of this process has ended, its own or another's; a cheap question before an expensive search.</summary>
    internal static bool AnyMayHaveEnded() => LinuxChild.AnyHasEnded();

    /// <summary>A handle that polls readable for ever, as a sentinel of a child that ended long ago.</summary>
    internal static SafeHandle AlwaysReadable() => Os.EventFd(initial: 1);

    /// <summary>Waits until what children that have ended wrote to a <see cref="StandardStream.Tee"/> is on this process's streams, as long as they take it.</summary>
    internal static void WaitForOutput() => Tee.WaitForAll();

    /// <summary>Waits until the child has ended or has something to say.</summary>
    /// <param name="timeout">Null: for ever.</param>
    /// <param name="listen">Whether to wait for its channel, too.</param>
    /// <returns>False when the time ran out.</returns>
    internal abstract bool Wait(TimeSpan? timeout, bool listen);

    /// <summary>Reads what the child said, without waiting.</summary>
    /// <param name="buffer">Where to put it.</param>
    /// <param name="descriptors">What came along is added to it.</param>
    /// <param name="isTrusted">Whether the process that said it could do to this one whatever it liked, so that it may also name types to it.</param>
    /// <returns>The number of bytes; 0 at the end of the channel, -1 when there is nothing now.</returns>
    /// <exception cref="InvalidDataException">Descriptors came that this process may not open.</exception>
    internal abstract int Receive(Span<byte> buffer, List<SafeDescriptorHandle> descriptors, out bool isTrusted);

    /// <summary>Takes the ended child's status from the system.</summary>
    /// <returns>Null when somebody else took it before.</returns>
    internal abstract (WaitStatus Status, ResourceUsage Usage)? Reap();

    /// <summary>Sends a signal; does nothing when the child has ended.</summary>
    /// <exception cref="PosixException">EPERM: it has another user.</exception>
    internal abstract void Send(Signal signal);

    /// <summary>Sends a signal that is to end the child. Where that is not allowed, SIGKILL comes another way.</summary>
    /// <returns>False when there is no other way.</returns>
    internal abstract bool TryEnd(Signal signal);

    /// <summary>Calls back, on a thread of the library, as often as the child has something to say, until <see cref="StopListening"/>.</summary>
    internal abstract void Listen(Action callback);

    internal abstract void StopListening();

    /// <summary>Calls back, on a thread of the library, when the child has ended.</summary>
    internal abstract void OnEnd(Action callback);

    /// <summary>Calls back, on a thread of the library, when some time has gone by, unless the child was released before. A second call replaces the first.</summary>
    /// <param name="time">The time from now; more than zero.</param>
    /// <param name="callback">What to call, once.</param>
    internal abstract void After(TimeSpan time, Action callback);

    /// <summary>The child has ended: takes in what is left of its output where that is <see cref="StandardStream.Tee"/>. It never waits.</summary>
    /// <param name="patience">How long <see cref="WaitForOutput"/> is to wait for a stream that does not take it.</param>
    /// <returns>They end when all of it is on this process's streams.</returns>
    internal abstract Task[] EndOutput(TimeSpan patience);

    /// <summary>Closes everything but the standard streams, which are the user's, and <see cref="Process"/> if <paramref name="keepProcess"/> says so.</summary>
    internal abstract void Release(bool keepProcess);

    public abstract void Dispose();
}
