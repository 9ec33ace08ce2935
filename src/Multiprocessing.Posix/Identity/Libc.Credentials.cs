using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

// The kernel keeps credentials by thread. These wrappers make every thread of the process change, which the bare system calls do not.
internal static unsafe partial class Libc
{
    [LibraryImport(C)]
    internal static partial uint getuid();

    [LibraryImport(C)]
    internal static partial uint geteuid();

    [LibraryImport(C)]
    internal static partial uint getgid();

    [LibraryImport(C)]
    internal static partial uint getegid();

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getresuid(uint* real, uint* effective, uint* saved);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getresgid(uint* real, uint* effective, uint* saved);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setuid(uint user);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setgid(uint group);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int seteuid(uint effective);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setegid(uint effective);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setreuid(uint real, uint effective);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setregid(uint real, uint effective);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setresuid(uint real, uint effective, uint saved);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setresgid(uint real, uint effective, uint saved);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getgroups(int size, uint* groups);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setgroups(nuint size, uint* groups);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int initgroups(byte* user, uint group);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getgrouplist(byte* user, uint group, uint* groups, int* count);
}
