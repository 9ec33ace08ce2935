namespace Multiprocessing.Posix;

public static partial class Os
{
    // The same on every architecture since Linux 5.1.
    private const int SYS_pidfd_send_signal = 424;
    private const int SYS_pidfd_open = 434;

    /// <summary>Opens a descriptor that refers to a process, not to a number that may be used again. See pidfd_open(2); Linux 5.3.</summary>
    /// <param name="pid">A process ID above 0.</param>
    /// <returns>A close-on-exec descriptor that polls readable once the process has ended.</returns>
    /// <exception cref="PosixException">EINVAL: the ID is not above 0; ESRCH: there is no such process; EMFILE.</exception>
    public static SafeDescriptorHandle PidFdOpen(int pid)
    {
        nint descriptor = Libc.syscall(SYS_pidfd_open, pid, 0, 0, 0, 0);
        return descriptor >= 0 ? new SafeDescriptorHandle((int)descriptor) : throw PosixException.Last("pidfd_open");
    }

    /// <summary>Sends a signal to the process that a pidfd refers to. See pidfd_send_signal(2).</summary>
    /// <param name="pidFd">The process.</param>
    /// <param name="signal">The signal.</param>
    /// <exception cref="PosixException">EPERM, or ESRCH: the process has ended and was waited for.</exception>
    public static void PidFdSendSignal(SafeDescriptorHandle pidFd, Signal signal)
    {
        ArgumentNullException.ThrowIfNull(pidFd);
        bool added = false;
        try
        {
            pidFd.DangerousAddRef(ref added);
            Check("pidfd_send_signal", (int)Libc.syscall(SYS_pidfd_send_signal, pidFd.Number, signal.Number, 0, 0, 0));
        }
        finally
        {
            if (added)
            {
                pidFd.DangerousRelease();
            }
        }
    }
}
