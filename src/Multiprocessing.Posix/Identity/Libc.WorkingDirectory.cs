using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial byte* getcwd(byte* buffer, nuint size);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int chdir(byte* path);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fchdir(SafeDescriptorHandle directory);

    [LibraryImport(C)]
    internal static partial uint umask(uint mask);
}
