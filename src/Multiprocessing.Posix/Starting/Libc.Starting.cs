using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int execve(byte* path, byte** argv, byte** envp);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int access(byte* path, int mode);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int unlink(byte* path);

    // Those below return the error number.
    [LibraryImport(C)]
    internal static partial int posix_spawn(int* pid, byte* path, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport(C)]
    internal static partial int posix_spawnp(int* pid, byte* file, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_addopen(void* actions, int descriptor, byte* path, int flags, uint mode);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_adddup2(void* actions, int from, int to);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_addclose(void* actions, int descriptor);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int from);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_addchdir_np(void* actions, byte* path);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_addfchdir_np(void* actions, int descriptor);

    [LibraryImport(C)]
    internal static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport(C)]
    internal static partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport(C)]
    internal static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport(C)]
    internal static partial int posix_spawnattr_setpgroup(void* attributes, int group);

    [LibraryImport(C)]
    internal static partial int posix_spawnattr_setsigmask(void* attributes, SignalSet* mask);

    [LibraryImport(C)]
    internal static partial int posix_spawnattr_setsigdefault(void* attributes, SignalSet* set);

    [LibraryImport(C)]
    internal static partial int posix_spawnattr_setschedpolicy(void* attributes, int policy);

    // struct sched_param is an int in glibc; musl refuses the call.
    [LibraryImport(C)]
    internal static partial int posix_spawnattr_setschedparam(void* attributes, int* priority);
}
