using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int wait4(int pid, int* status, int options, RUsage* usage);

    [LibraryImport(C)]
    internal static partial void _exit(int status);
}
