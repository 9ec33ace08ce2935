using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    private static readonly int s_getRobustList = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 274 : 100;

    /// <summary>Where the list of the robust futexes of a thread begins, for which the kernel wakes sleepers if the thread ends without having let them go. See get_robust_list(2).</summary>
    /// <param name="thread">The thread's ID; 0: the calling thread.</param>
    /// <returns>The address of its struct robust_list_head, in that thread's process; 0 when it has none, as under musl before it first locks a robust mutex.</returns>
    /// <remarks>Only the thread itself may write there, and it shares the list with the C library.</remarks>
    /// <exception cref="PosixException">ESRCH: there is no such thread; EPERM: it is another user's; ENOSYS: a sandbox hides the call.</exception>
    public static nint GetRobustList(int thread = 0)
    {
        nint head = 0;
        nuint size = 0;
        Check("get_robust_list", (int)Libc.syscall(s_getRobustList, thread, (nint)(&head), (nint)(&size), 0, 0));
        return head;
    }
}
