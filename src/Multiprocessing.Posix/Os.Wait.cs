using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int CodeExited = 1;
    private const int CodeKilled = 2;
    private const int CodeDumped = 3;
    private const int CodeTrapped = 4;
    private const int CodeStopped = 5;

    private static readonly int s_waitIdNumber = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 247 : 95;

    /// <summary>Waits for a child to change state. See waitid(2).</summary>
    /// <param name="type">What <paramref name="id"/> names.</param>
    /// <param name="id">A process ID, a process group or a pidfd; not used for <see cref="IdType.Any"/>.</param>
    /// <param name="options">At least one of Exited, Stopped and Continued.</param>
    /// <returns>What happened; null with <see cref="WaitIdOptions.NoHang"/> when nothing has.</returns>
    /// <remarks>A wait that a signal interrupts goes on.</remarks>
    /// <exception cref="NoChildProcessException">There is no such child.</exception>
    /// <exception cref="PosixException">EINVAL: the options are not valid; EAGAIN: a non-blocking pidfd whose process goes on.</exception>
    public static unsafe WaitIdResult? WaitId(IdType type, int id, WaitIdOptions options)
    {
        SignalInfo info = default;
        RUsage usage = default;

        // The C libraries' waitid leaves out the kernel's last parameter, the usage.
        while (Libc.syscall(s_waitIdNumber, (int)type, id, (nint)(&info), (int)options, (nint)(&usage)) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw PosixException.For("waitid", errno);
            }
        }

        return info.Pid == 0 ? null : new WaitIdResult(info.Pid, info.Uid, ToStatus(info), usage.ToUsage());
    }

    private static WaitStatus ToStatus(in SignalInfo info) => new(info.Code switch
    {
        CodeExited => (info.Status & 0xFF) << 8,
        CodeKilled => info.Status,
        CodeDumped => info.Status | 0x80,
        CodeTrapped or CodeStopped => (info.Status << 8) | 0x7F,
        _ => 0xFFFF,
    });
}
