using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

#pragma warning disable IDE1006, SYSLIB1054 // the C library's own names
#pragma warning disable CA1401, CS8981

/// <summary>The C library, by its own names. Blittable, so that no call allocates; errno is taken at once.</summary>
internal static unsafe partial class Libc
{
    private const string C = "libc";

    // identity
    [LibraryImport(C)]
    internal static partial int getpid();

    [LibraryImport(C)]
    internal static partial int getppid();

    // signals
    [LibraryImport(C, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport(C)]
    internal static partial byte* strsignal(int signal);

    // waiting and ending
    [LibraryImport(C, SetLastError = true)]
    internal static partial int wait4(int pid, int* status, int options, RUsage* usage);

    [LibraryImport(C)]
    internal static partial void _exit(int status);

    // starting; these return the error number
    [LibraryImport(C)]
    internal static partial int posix_spawn(int* pid, byte* path, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport(C)]
    internal static partial int posix_spawnp(int* pid, byte* file, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_adddup2(void* actions, int from, int to);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_addclose(void* actions, int descriptor);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int from);

    [LibraryImport(C)]
    internal static partial int posix_spawn_file_actions_addchdir_np(void* actions, byte* path);

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

    // descriptors
    [LibraryImport(C, SetLastError = true)]
    internal static partial int open(byte* path, int flags, int mode);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int close(int descriptor);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint read(SafeDescriptorHandle descriptor, void* buffer, nuint length);

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

    // sockets
    [LibraryImport(C, SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* descriptors);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint send(SafeDescriptorHandle socket, void* buffer, nuint length, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint recv(SafeDescriptorHandle socket, void* buffer, nuint length, int flags);

    // environment
    [LibraryImport(C)]
    internal static partial byte* getenv(byte* name);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setenv(byte* name, byte* value, int overwrite);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int unsetenv(byte* name);

    // calls without a wrapper in every C library
    [LibraryImport(C, SetLastError = true)]
    internal static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e);
}
