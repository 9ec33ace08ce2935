using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The C library, by its own names. Blittable, so that no call allocates; errno is taken at once.</summary>
internal static unsafe partial class Libc
{
    private const string C = "libc";

    // calls without a wrapper in every C library
    [LibraryImport(C, SetLastError = true)]
    internal static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e);
}
