using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C)]
    internal static partial int getloadavg(double* averages, int count);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int uname(UtsName* name);

    // -1 is "no limit" while errno stays 0.
    [LibraryImport(C, SetLastError = true)]
    internal static partial nint sysconf(int name);
}
