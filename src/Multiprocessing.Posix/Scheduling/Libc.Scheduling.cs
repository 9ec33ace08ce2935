using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    // -1 may be a result: what tells is errno, which is cleared before each call that takes it.
    [LibraryImport(C, SetLastError = true)]
    internal static partial int nice(int increment);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getpriority(int which, uint id);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setpriority(int which, uint id, int nice);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sched_getaffinity(int pid, nuint size, ulong* mask);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sched_setaffinity(int pid, nuint size, ulong* mask);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sched_get_priority_max(int policy);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sched_get_priority_min(int policy);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sched_rr_get_interval(int pid, TimeSpec* interval);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sched_yield();
}
