using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    internal static readonly int SYS_gettid = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 186 : 178;

    /// <summary>The system's ID of the calling thread; the main thread's is the process ID. See gettid(2).</summary>
    /// <returns>The thread ID, which is the caller's for as long as it stays on this thread: not across an await.</returns>
    public static int GetTid() => (int)Libc.syscall(SYS_gettid, 0, 0, 0, 0, 0); // glibc has a wrapper since 2.30 only
}
