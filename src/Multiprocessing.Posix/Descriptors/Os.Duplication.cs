using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int FD_CLOEXEC = 1;

    // The same on every architecture.
    private const int SYS_close_range = 436;

    /// <summary>Duplicates a descriptor, to the lowest free number. See dup(2), and F_DUPFD_CLOEXEC in fcntl(2).</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="inheritable">Whether programs started by this process get it, too; else it is close-on-exec from birth.</param>
    /// <returns>The duplicate: the same open file, with the same offset and status flags.</returns>
    /// <exception cref="PosixException">EBADF: it is not open; EMFILE: too many are.</exception>
    public static SafeDescriptorHandle Dup(SafeDescriptorHandle descriptor, bool inheritable = false) =>
        new(Fcntl(descriptor, inheritable ? FcntlCommand.Duplicate : FcntlCommand.DuplicateCloseOnExec));

    /// <summary>Duplicates a descriptor to a number of the caller's choice, closing what is open there. See dup2(2).</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="number">The number. If it is the descriptor's own, nothing happens, and it stays inheritable or not as it was.</param>
    /// <param name="inheritable">Whether programs started by this process get the duplicate, too; else it is close-on-exec from birth.</param>
    /// <returns>The number. It is the caller's to close; wrap it in a <see cref="SafeDescriptorHandle"/> unless it is one of 0 to 2.</returns>
    /// <exception cref="PosixException">EBADF: the descriptor is not open, or the number is negative or beyond the limit of open files.</exception>
    public static int Dup2(SafeDescriptorHandle descriptor, int number, bool inheritable = false)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        if (descriptor.Number == number)
        {
            Fcntl(descriptor, FcntlCommand.GetDescriptorFlags);
            return number;
        }

        return Dup3("dup2", descriptor, number, inheritable);
    }

    /// <summary>Duplicates a descriptor to a number of the caller's choice, which must be another one. See dup3(2).</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="number">The number; what is open there is closed.</param>
    /// <param name="inheritable">Whether programs started by this process get the duplicate, too; else it is close-on-exec from birth.</param>
    /// <returns>The number. It is the caller's to close; wrap it in a <see cref="SafeDescriptorHandle"/> unless it is one of 0 to 2.</returns>
    /// <exception cref="PosixException">
    /// EBADF: the descriptor is not open, or the number is negative or beyond the limit of open files; EINVAL: the number is the descriptor's own.
    /// </exception>
    public static int Dup3(SafeDescriptorHandle descriptor, int number, bool inheritable = false) => Dup3("dup3", descriptor, number, inheritable);

    /// <summary>Closes a descriptor by its number. See close(2).</summary>
    /// <param name="number">
    /// The number of a descriptor that nothing else in this process owns: closing one that the runtime or a handle owns pulls it away from under them.
    /// </param>
    /// <remarks>An interrupted close is a close: Linux has let the number go by then, so the call is not repeated.</remarks>
    /// <exception cref="PosixException">EBADF: it is not open; EIO, ENOSPC: earlier writes have failed.</exception>
    public static void Close(int number)
    {
        if (Libc.close(number) != 0 && !Interrupted)
        {
            throw PosixException.Last("close");
        }
    }

    /// <summary>Closes all descriptors from one number to another, those that are open. See close_range(2).</summary>
    /// <param name="first">The first number.</param>
    /// <param name="last">The last number, itself included; <see cref="int.MaxValue"/>: to the end.</param>
    /// <param name="flags">What to do instead of closing.</param>
    /// <remarks>
    /// The runtime has descriptors of its own: in a .NET process choose a range where only your own are, or mark the range close-on-exec.
    /// Where the kernel lacks the call (before Linux 5.9; close-on-exec: 5.11) or a sandbox refuses it, the descriptors that /proc lists are taken one by one;
    /// one that another thread opens meanwhile can be missed there.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative, or the last is below the first.</exception>
    /// <exception cref="PosixException">EINVAL: unknown flags.</exception>
    public static void CloseRange(int first, int last = int.MaxValue, CloseRangeFlags flags = CloseRangeFlags.None)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        if (Libc.close_range(SYS_close_range, first, last, (int)flags) == 0)
        {
            return;
        }

        int errno = Marshal.GetLastPInvokeError();
        if (errno is Errno.ENOSYS or Errno.EPERM || (errno == Errno.EINVAL && flags == CloseRangeFlags.CloseOnExec))
        {
            CloseOneByOne(first, last, flags);
            return;
        }

        throw PosixException.For("close_range", errno);
    }

    /// <summary>Whether programs that this process starts get the descriptor. See FD_CLOEXEC in fcntl(2).</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>False when it is close-on-exec, as all are that <see cref="Os"/> makes.</returns>
    /// <exception cref="PosixException">EBADF: it is not open.</exception>
    public static bool GetInheritable(SafeDescriptorHandle descriptor) => (Fcntl(descriptor, FcntlCommand.GetDescriptorFlags) & FD_CLOEXEC) == 0;

    /// <summary>Sets whether programs that this process starts get the descriptor. See FD_CLOEXEC in fcntl(2).</summary>
    /// <param name="descriptor">The descriptor. To hand one to a single program, use <see cref="PosixSpawnOptions.Descriptors"/> instead: no other start can catch it.</param>
    /// <param name="inheritable">Whether they get it.</param>
    /// <exception cref="PosixException">EBADF: it is not open.</exception>
    public static void SetInheritable(SafeDescriptorHandle descriptor, bool inheritable) =>
        Fcntl(descriptor, FcntlCommand.SetDescriptorFlags, inheritable ? 0 : FD_CLOEXEC);

    /// <summary>What <see cref="CloseRange"/> does without the kernel's help.</summary>
    internal static void CloseOneByOne(int first, int last, CloseRangeFlags flags)
    {
        // Listed to the end before any is touched: the listing has a descriptor, too.
        foreach (string entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            int number = int.Parse(Path.GetFileName(entry.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture);
            if (number >= first && number <= last)
            {
                SkipIfNotOpen(number, flags);
            }
        }
    }

    private static void SkipIfNotOpen(int number, CloseRangeFlags flags)
    {
        try
        {
            if (flags == CloseRangeFlags.CloseOnExec)
            {
                using SafeDescriptorHandle borrowed = new(number, ownsHandle: false);
                SetInheritable(borrowed, inheritable: false);
                return;
            }

            Close(number);
        }
        catch (PosixException failure) when (failure.Errno == Errno.EBADF || flags == CloseRangeFlags.None)
        {
            // It was closed meanwhile; and close_range reports no failed writes either.
        }
    }

    private static int Dup3(string call, SafeDescriptorHandle descriptor, int number, bool inheritable)
    {
        int result;
        while ((result = Libc.dup3(descriptor, number, inheritable ? 0 : O_CLOEXEC)) < 0 && Interrupted)
        {
        }

        return Check(call, result);
    }
}

/// <summary>Flags of close_range(2), with the system's values.</summary>
[Flags]
public enum CloseRangeFlags
{
    /// <summary>Close.</summary>
    None = 0,

    /// <summary>CLOSE_RANGE_CLOEXEC: close not now but at the next exec.</summary>
    CloseOnExec = 4,
}
