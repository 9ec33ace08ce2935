using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int prlimit(int pid, int resource, RLimit* limit, RLimit* old);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getrusage(int who, RUsage* usage);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint times(Tms* times);
}
