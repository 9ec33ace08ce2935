using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct sigaction of the C library; glibc's and musl's agree on 64-bit systems.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SignalAction
{
    internal const nint Default = 0;
    internal const nint Ignore = 1;

    internal const int WithInfo = 4;
    internal const int OnAlternateStack = 0x08000000;
    internal const int RestartCalls = 0x10000000;

    internal nint Handler;
    internal SignalSet Mask;
    internal int Flags;
    internal nint Restorer;

    internal readonly bool IsFunction => Handler is not (Default or Ignore);

    /// <summary>What the signal does now.</summary>
    /// <exception cref="PosixException">EINVAL: there is no such signal, or it is one that the C library keeps to itself.</exception>
    internal static unsafe SignalAction Of(Signal signal)
    {
        SignalAction current;
        return Libc.sigaction(signal.Number, null, &current) == 0 ? current : throw PosixException.Last("sigaction");
    }

    /// <exception cref="PosixException">EINVAL: SIGKILL or SIGSTOP; there is no such signal, or it is one that the C library keeps to itself.</exception>
    internal readonly unsafe void Install(Signal signal)
    {
        SignalAction action = this;
        if (Libc.sigaction(signal.Number, &action, null) != 0)
        {
            throw PosixException.Last("sigaction");
        }
    }
}
