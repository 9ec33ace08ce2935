using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>For calls that return -1 and set errno.</summary>
    private static int Check(string call, int result) => result >= 0 ? result : throw PosixException.Last(call);

    /// <summary>For calls that return the error number.</summary>
    private static void CheckNumber(string call, int error)
    {
        if (error != 0)
        {
            throw PosixException.For(call, error);
        }
    }

    /// <summary>Whether the call that has just failed on this thread was interrupted by a signal, and is to be repeated.</summary>
    private static bool Interrupted => Marshal.GetLastPInvokeError() == Errno.EINTR;
}
