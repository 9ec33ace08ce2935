using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int killpg(int group, int signal);

    /// <summary>Returns the error number on musl and -1 with errno on glibc; what it can say is EINVAL.</summary>
    [LibraryImport(C)]
    internal static partial int raise(int signal);

    [LibraryImport(C)]
    internal static partial void abort();

    [LibraryImport(C)]
    internal static partial uint alarm(uint seconds);

    [LibraryImport(C)]
    internal static partial byte* strsignal(int signal);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sigaction(int signal, SignalAction* action, SignalAction* old);

    /// <summary>Returns the error number.</summary>
    [LibraryImport(C)]
    internal static partial int pthread_sigmask(int how, SignalSet* set, SignalSet* old);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sigpending(SignalSet* set);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sigtimedwait(SignalSet* set, SignalInfo* info, TimeSpec* timeout);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sigqueue(int pid, int signal, nint value);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sigaltstack(SignalStack* stack, SignalStack* old);

    [LibraryImport(C)]
    internal static partial int __libc_current_sigrtmin();
}
