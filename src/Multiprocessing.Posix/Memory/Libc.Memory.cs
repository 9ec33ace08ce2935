using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial nint mmap(void* address, nuint length, int protection, int flags, SafeDescriptorHandle file, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int munmap(nint address, nuint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int msync(nint address, nuint length, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int madvise(nint address, nuint length, int advice);

    [LibraryImport(C)]
    internal static partial int getpagesize();

    [LibraryImport(C, SetLastError = true)]
    internal static partial int ftruncate(SafeDescriptorHandle file, long length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fallocate(SafeDescriptorHandle file, int mode, long offset, long length);

    // No C library has wrappers for these.
    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint futex(nint number, uint* word, nint operation, nint value, TimeSpec* timeout, nint secondWord, nint mask);

    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint futex_waitv(nint number, FutexWaiter* waiters, nint count, nint flags, TimeSpec* timeout, nint clock);
}
