using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int clock_gettime(ClockId clock, TimeSpec* time);

    // Returns the error number.
    [LibraryImport(C)]
    internal static partial int clock_getcpuclockid(int pid, ClockId* clock);

    // Before glibc 2.34 the timers are in a library of their own; the kernel's calls are not.
    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint timer_settime(nint number, SafeTimerHandle timer, nint flags, TimerSpec* time, TimerSpec* old);

    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint timer_gettime(nint number, SafeTimerHandle timer, TimerSpec* time);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int timerfd_create(ClockId clock, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int timerfd_settime(SafeDescriptorHandle timer, int flags, TimerSpec* time, TimerSpec* old);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int timerfd_gettime(SafeDescriptorHandle timer, TimerSpec* time);
}
