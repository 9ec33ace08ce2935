using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int SYS_pidfd_getfd = 438;

    /// <summary>Duplicates a descriptor of another process into this one. See pidfd_getfd(2); Linux 5.6.</summary>
    /// <param name="pidFd">The other process.</param>
    /// <param name="number">The descriptor's number there.</param>
    /// <returns>The duplicate here, close-on-exec: the same open file.</returns>
    /// <remarks>This process needs the right to ptrace the other: the same user, and no restriction such as Yama's for a process that is not its descendant.</remarks>
    /// <exception cref="PosixException">EBADF: it is not open there; EPERM: not allowed; ESRCH: the process has ended; EMFILE.</exception>
    public static SafeDescriptorHandle PidFdGetFd(SafeDescriptorHandle pidFd, int number) =>
        new(Check("pidfd_getfd", (int)Libc.pidfd_getfd(SYS_pidfd_getfd, pidFd, number, 0)));
}

internal static partial class Libc
{
    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint pidfd_getfd(nint number, SafeDescriptorHandle pidFd, nint descriptor, nint flags);
}
