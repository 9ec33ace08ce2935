using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int open(byte* path, int flags, int mode);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int close(int descriptor);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint read(SafeDescriptorHandle descriptor, void* buffer, nuint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint pread(SafeDescriptorHandle descriptor, void* buffer, nuint length, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint write(SafeDescriptorHandle descriptor, void* buffer, nuint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fcntl(SafeDescriptorHandle descriptor, int command, nint argument);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int pipe2(int* descriptors, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport(C, SetLastError = true)]
    internal static partial long lseek(SafeDescriptorHandle descriptor, long offset, int whence);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int memfd_create(byte* name, uint flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int epoll_ctl(SafeDescriptorHandle epoll, int operation, SafeDescriptorHandle descriptor, void* request);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int epoll_wait(SafeDescriptorHandle epoll, void* events, int count, int milliseconds);
}
