using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int dup3(SafeDescriptorHandle descriptor, int number, int flags);

    // musl has no wrapper, glibc only since 2.34.
    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint close_range(nint number, nint first, nint last, nint flags);
}
