namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>Handles a signal. See sigaction(2).</summary>
    /// <param name="signal">The signal.</param>
    /// <param name="handler">
    /// What to call, on an ordinary thread of the library, never in signal context: it may do anything. One handler runs at a time, in the order in which the
    /// signals came. An exception that it throws is an uncaught one.
    /// </param>
    /// <returns>
    /// Give it to Dispose and the signal does again what it did before: the handler before this one, or the system's action. A signal that was sent before
    /// that, but not handled yet, is dropped.
    /// </returns>
    /// <remarks>
    /// The newest handler of a signal has it alone. The runtime's own work on SIGCHLD, SIGCONT and SIGWINCH goes on beside it;
    /// <c>Console.CancelKeyPress</c> and <c>PosixSignalRegistration</c> do not see a signal that is handled here, unless they come later. Interrupted system
    /// calls of native code are restarted. At most 32,768 signals wait for their handlers (256 for an unprivileged user who has many
    /// pipes, see pipe(7)); more are lost. A forked child keeps the handlers, a program that is executed does not.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// SIGBUS, SIGFPE, SIGILL, SIGSEGV or SIGTRAP, by which the processor reports faults, to be dealt with on the spot; or a real-time signal that .NET's runtime uses.
    /// </exception>
    /// <exception cref="PosixException">EINVAL: SIGKILL or SIGSTOP, or there is no such signal.</exception>
    /// <exception cref="PlatformNotSupportedException">This is neither x64 nor arm64.</exception>
    public static IDisposable Handle(Signal signal, Action<Signal> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (IsFault(signal) && signal != Signal.Abrt)
        {
            throw new ArgumentException($"{signal} reports a fault of the running instruction, and the runtime turns it into an exception; it cannot be handled later on another thread.", nameof(signal));
        }

        ThrowIfRuntimes(signal);
        return SignalHandlers.Add(signal, handler);
    }

    /// <summary>Has a signal ignored. See SIG_IGN in sigaction(2). Handlers that <see cref="Handle"/> has set are not called meanwhile.</summary>
    /// <param name="signal">The signal. While SIGCHLD is ignored, ended children are not kept for wait, as POSIX has it.</param>
    /// <remarks>A program that is executed, and a child, start with it ignored.</remarks>
    /// <exception cref="ArgumentException">A real-time signal that .NET's runtime uses.</exception>
    /// <exception cref="PosixException">EINVAL: SIGKILL or SIGSTOP, or there is no such signal.</exception>
    public static void Ignore(Signal signal)
    {
        ThrowIfRuntimes(signal);
        new SignalAction { Handler = SignalAction.Ignore }.Install(signal);
        PipeIsIgnoredByUser |= signal == Signal.Pipe;
    }

    /// <summary>Gives a signal its default action. See SIG_DFL in sigaction(2) and signal(7). Handlers that <see cref="Handle"/> has set are not called meanwhile.</summary>
    /// <param name="signal">
    /// The signal. Without the runtime's handler of SIGSEGV or SIGFPE a null reference or a division by zero ends the process instead of throwing; without that of
    /// SIGCHLD, System.Diagnostics.Process does not notice the ends of its children.
    /// </param>
    /// <exception cref="ArgumentException">A real-time signal that .NET's runtime uses.</exception>
    /// <exception cref="PosixException">EINVAL: SIGKILL or SIGSTOP, or there is no such signal.</exception>
    public static void SetDefault(Signal signal)
    {
        ThrowIfRuntimes(signal);
        default(SignalAction).Install(signal);
        PipeIsIgnoredByUser &= signal != Signal.Pipe;
    }

    /// <summary>Whether <see cref="Ignore"/> was asked to ignore SIGPIPE, which the runtime ignores anyway; only then a program that is executed gets it ignored, too.</summary>
    internal static bool PipeIsIgnoredByUser { get; private set; }

    /// <summary>What a signal does now. See sigaction(2).</summary>
    /// <param name="signal">The signal.</param>
    /// <returns>Its disposition.</returns>
    /// <exception cref="PosixException">EINVAL: there is no such signal.</exception>
    public static SignalDisposition GetDisposition(Signal signal) => SignalAction.Of(signal).Handler switch
    {
        SignalAction.Default => SignalDisposition.Default,
        SignalAction.Ignore => SignalDisposition.Ignored,
        _ => SignalDisposition.Handled,
    };

    /// <summary>CoreCLR stops its threads for a garbage collection by the first real-time signal: without its handler the process would end at the next one.</summary>
    private static void ThrowIfRuntimes(Signal signal)
    {
        if (signal.Number >= Signal.FirstRealTime && signal.Number <= Signal.Last && SignalAction.Of(signal) is { IsFunction: true } current && current.Handler != SignalTrampoline.Address)
        {
            throw new ArgumentException($"{signal} is in use by .NET's runtime or by native code; take another real-time signal.", nameof(signal));
        }
    }
}

/// <summary>What a signal does when it comes.</summary>
public enum SignalDisposition
{
    /// <summary>The system's action: to end the process, to stop it, or nothing. See signal(7).</summary>
    Default,

    /// <summary>Nothing.</summary>
    Ignored,

    /// <summary>A handler is called: one of <see cref="Os.Handle"/>, of the runtime, or of native code.</summary>
    Handled,
}
