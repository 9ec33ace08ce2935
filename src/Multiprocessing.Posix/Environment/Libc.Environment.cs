using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C)]
    internal static partial byte* getenv(byte* name);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setenv(byte* name, byte* value, int overwrite);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int unsetenv(byte* name);
}
