namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>Sends a signal. See kill(2).</summary>
    /// <param name="pid">A process; 0: this process's group; -1: every process that may be signalled; below -1: the group -pid.</param>
    /// <param name="signal">The signal; one with number 0 only checks that the target exists.</param>
    /// <exception cref="PosixException">EINVAL, EPERM, or ESRCH: there is no such process.</exception>
    public static void Kill(int pid, Signal signal) => Check("kill", Libc.kill(pid, signal.Number));
}
