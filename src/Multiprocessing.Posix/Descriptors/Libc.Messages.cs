using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial nint sendmsg(SafeDescriptorHandle socket, MessageHeader* message, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint recvmsg(SafeDescriptorHandle socket, MessageHeader* message, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getsockopt(SafeDescriptorHandle socket, int level, int option, void* value, uint* length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setsockopt(SafeDescriptorHandle socket, int level, int option, void* value, uint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int shutdown(SafeDescriptorHandle socket, int how);
}
