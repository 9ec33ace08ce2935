using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <content>The working directory and the file mode mask: of the whole process, so of all its threads.</content>
public static partial class Os
{
    private const int UsualPathLength = 4096;

    /// <summary>The working directory. See getcwd(3); the same as <see cref="Environment.CurrentDirectory"/>, which asks the system too.</summary>
    /// <returns>The absolute path. Bytes in it that are not UTF-8 are lone surrogates U+DC80 to U+DCFF, with which every call here finds it again.</returns>
    /// <exception cref="PosixException">ENOENT: the directory has been removed; EACCES.</exception>
    public static string GetCwd() => SurrogateEscape.Decode(GetCwdBytes());

    /// <summary>The working directory, in the bytes that the file system has. See getcwd(3).</summary>
    /// <returns>The absolute path, without a null byte at the end.</returns>
    /// <exception cref="PosixException">ENOENT: the directory has been removed; EACCES.</exception>
    public static unsafe byte[] GetCwdBytes()
    {
        // A path may be longer than any one call would take it.
        for (int size = UsualPathLength; ; size *= 2)
        {
            byte[] buffer = new byte[size];
            fixed (byte* start = buffer)
            {
                if (Libc.getcwd(start, (nuint)size) is not null)
                {
                    return MemoryMarshal.CreateReadOnlySpanFromNullTerminated(start).ToArray();
                }
            }

            if (Marshal.GetLastPInvokeError() != Errno.ERANGE)
            {
                throw PosixException.Last("getcwd");
            }
        }
    }

    /// <summary>Changes the working directory of the process. See chdir(2); <see cref="Environment.CurrentDirectory"/> follows.</summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="ArgumentException">The path has a null character in it.</exception>
    /// <exception cref="PosixException">ENOENT, ENOTDIR, EACCES, …; the message names the path.</exception>
    public static unsafe void Chdir(string path)
    {
        using CString text = new(path, nameof(path));
        if (Libc.chdir(text.Pointer) != 0)
        {
            throw PosixException.Last("chdir", path);
        }
    }

    /// <summary>Changes the working directory of the process to one whose name need not be UTF-8. See chdir(2).</summary>
    /// <param name="path">The directory, without a null byte at the end.</param>
    /// <exception cref="ArgumentException">The path has a null byte in it.</exception>
    /// <exception cref="PosixException">ENOENT, ENOTDIR, EACCES, …; the message names the path.</exception>
    public static unsafe void Chdir(ReadOnlySpan<byte> path)
    {
        if (path.Contains((byte)0))
        {
            throw new ArgumentException("The path has a null byte in it; the system would cut it short there.", nameof(path));
        }

        byte[] text = [.. path, 0];
        fixed (byte* start = text)
        {
            if (Libc.chdir(start) != 0)
            {
                throw PosixException.Last("chdir", SurrogateEscape.Decode(path));
            }
        }
    }

    /// <summary>Changes the working directory of the process to one that is open. See fchdir(2).</summary>
    /// <param name="directory">The directory; <see cref="Open"/> opens one.</param>
    /// <exception cref="PosixException">ENOTDIR, EACCES, EBADF.</exception>
    public static void Fchdir(SafeDescriptorHandle directory) => Check("fchdir", Libc.fchdir(directory));

    /// <summary>Sets the permission bits that files made from now on do not get. See umask(2).</summary>
    /// <param name="mask">0 to 511, octal 777; the call takes no notice of other bits.</param>
    /// <returns>The old mask. It can be read only so; a file that another thread makes in between gets the new one.</returns>
    public static int Umask(int mask) => (int)Libc.umask((uint)mask);
}
