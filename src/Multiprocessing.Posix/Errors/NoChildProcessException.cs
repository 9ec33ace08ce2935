namespace Multiprocessing.Posix;

/// <summary>ECHILD: there is nothing to wait for.</summary>
/// <param name="call">The call's POSIX name, such as <c>waitpid</c>.</param>
public sealed class NoChildProcessException(string call) : PosixException(call, Posix.Errno.ECHILD);
