using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int O_RDWR = 2;
    private const int O_NOCTTY = 0x100;
    private const int TIOCGPTPEER = 0x5441;

    /// <summary>Makes a pseudo-terminal. See openpty(3) and pty(7).</summary>
    /// <returns>The master end and the terminal, which nobody's controlling terminal is yet.</returns>
    /// <remarks>
    /// openpty itself would leave both ends inheritable for a moment, and lives in a library of its own in older glibc; so this is its work by the calls
    /// that it makes, and the terminal is opened through the master (TIOCGPTPEER, Linux 4.13), not by a path that another mount namespace may not have.
    /// </remarks>
    /// <exception cref="PosixException">EMFILE; ENOSPC: there are no more pseudo-terminals; ENOENT: /dev/ptmx is not there.</exception>
    public static (SafeDescriptorHandle Master, SafeDescriptorHandle Terminal) OpenPty()
    {
        SafeDescriptorHandle master = new(Check("posix_openpt", Libc.posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)));
        try
        {
            Check("grantpt", Libc.grantpt(master));
            Check("unlockpt", Libc.unlockpt(master));
            return (master, new SafeDescriptorHandle(Check("ioctl", Libc.ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC))));
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }
}

internal static partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int posix_openpt(int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int grantpt(SafeDescriptorHandle master);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int unlockpt(SafeDescriptorHandle master);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int ioctl(SafeDescriptorHandle descriptor, nint request, nint argument);
}
