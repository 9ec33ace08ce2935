namespace Multiprocessing.Posix;

/// <summary>One open descriptor of a process. See proc_pid_fd(5) and proc_pid_fdinfo(5).</summary>
/// <param name="Number">The descriptor's number.</param>
/// <param name="Target">
/// The file's path, or what the kernel calls it: "pipe:[4711]", "socket:[4712]", "anon_inode:[eventfd]"; " (deleted)" behind it once the
/// file was removed. A byte that is not UTF-8 stands as U+DC80 to U+DCFF. Empty where the path is longer than a page, which the kernel does not tell.
/// </param>
/// <param name="Flags">The names of open(2) for how it was opened, the access mode first: "O_RDWR|O_APPEND|O_CLOEXEC". O_LARGEFILE, which is always there, is left out.</param>
public sealed record OpenDescriptor(int Number, string Target, string Flags);
