using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C)]
    internal static partial int getpgrp();

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getpgid(int pid);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setpgid(int pid, int group);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getsid(int pid);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setsid();
}
