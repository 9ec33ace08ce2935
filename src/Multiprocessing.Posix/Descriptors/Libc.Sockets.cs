using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* descriptors);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint send(SafeDescriptorHandle socket, void* buffer, nuint length, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint recv(SafeDescriptorHandle socket, void* buffer, nuint length, int flags);
}
