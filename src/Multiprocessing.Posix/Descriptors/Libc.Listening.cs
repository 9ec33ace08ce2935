using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int bind(SafeDescriptorHandle socket, void* address, uint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int listen(SafeDescriptorHandle socket, int backlog);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int accept4(SafeDescriptorHandle socket, void* address, uint* length, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int connect(SafeDescriptorHandle socket, void* address, uint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getsockname(SafeDescriptorHandle socket, void* address, uint* length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fchmod(SafeDescriptorHandle descriptor, uint mode);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int statx(int directory, byte* path, int flags, uint mask, FileStatus* status);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int statx(SafeDescriptorHandle directory, byte* path, int flags, uint mask, FileStatus* status);
}
