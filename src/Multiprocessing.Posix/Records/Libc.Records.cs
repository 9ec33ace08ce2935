using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial nint readlink(byte* path, byte* buffer, nuint length);

    [LibraryImport(C)]
    internal static partial int sched_getcpu();
}
