namespace Multiprocessing.Posix;

/// <summary>One mapping of a process's address space. See proc_pid_maps(5).</summary>
/// <param name="Start">The first address.</param>
/// <param name="End">The address behind the last.</param>
/// <param name="Permissions">Four letters: r, w, x, and p for private or s for shared; "-" for what is not permitted.</param>
/// <param name="Path">
/// The mapped file, or the kernel's name such as "[heap]"; empty where there is none. As the kernel writes it: a newline as "\012", a file
/// that was removed with " (deleted)" behind it. A byte that is not UTF-8 stands as U+DC80 to U+DCFF.
/// </param>
public sealed record MemoryRegion(ulong Start, ulong End, string Permissions, string Path);
