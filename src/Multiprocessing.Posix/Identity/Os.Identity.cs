
namespace Multiprocessing.Posix;

/// <summary>One method, one system call, with the call's own name and semantics. Failure throws <see cref="PosixException"/>.</summary>
/// <remarks>Every member may be called from any thread. None may be called from a signal handler; .NET has none that user code could run in.</remarks>
public static partial class Os
{
    /// <summary>The ID of this process. See getpid(2).</summary>
    /// <returns>The process ID.</returns>
    public static int GetPid() => Libc.getpid();

    /// <summary>The ID of the parent of this process; once the parent has gone, that of whoever adopted it. See getppid(2).</summary>
    /// <returns>The parent's process ID; 0 when the parent is in another PID namespace.</returns>
    public static int GetPpid() => Libc.getppid();
}
