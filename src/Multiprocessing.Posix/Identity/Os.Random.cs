using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>Fills a buffer with random bytes of the kernel, fit for keys. See getrandom(2).</summary>
    /// <param name="buffer">What to fill.</param>
    /// <exception cref="PosixException">ENOSYS.</exception>
    /// <remarks>Waits, early in the system's life, until it has gathered enough; a signal that is handled meanwhile does not end that.</remarks>
    public static unsafe void GetRandom(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (nint filled = 0; filled < buffer.Length;)
            {
                nint count = Libc.getrandom(start + filled, (nuint)(buffer.Length - filled), 0);
                if (count < 0 && Marshal.GetLastPInvokeError() != Errno.EINTR)
                {
                    throw PosixException.Last("getrandom");
                }

                filled += Math.Max(count, 0);
            }
        }
    }
}
