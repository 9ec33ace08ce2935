using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>Reads of /proc. What fails there every day, because a process ended, is told by its error number and not by an exception.</summary>
internal static unsafe class ProcFile
{
    private const int FirstBuffer = 4096; // enough for most
    private const int FirstLinkBuffer = 512;
    private const int LineBuffer = 64 * 1024;
    private const int EntryNameOffset = 19; // of struct linux_dirent64: inode, offset, length of the record, kind, name
    private const int EntryLengthOffset = 16;

    private static readonly int s_getDirectoryEntries = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 217 : 61;

    /// <summary>Reads a whole file by one call, so that what it says is of one moment.</summary>
    /// <returns>0, or the error number.</returns>
    internal static int TryRead(string path, out byte[] content)
    {
        content = [];
        int error = TryOpen(path, out SafeDescriptorHandle file);
        using (file)
        {
            for (byte[] buffer = new byte[FirstBuffer]; error == 0; buffer = new byte[buffer.Length * 2])
            {
                error = TryRead(file, buffer, out int count);
                if (count < buffer.Length)
                {
                    content = buffer[..count];
                    return error;
                }

                // There may be more. What a second call added would be of another moment, even of another program, so all is read again.
                error = Libc.lseek(file, 0, (int)SeekOrigin.Begin) < 0 ? Marshal.GetLastPInvokeError() : 0;
            }

            return error;
        }
    }

    /// <summary>Reads a file line by line, holding no more of it than a buffer.</summary>
    /// <returns>0, or the error number; lines that were read before the error have been given to <paramref name="take"/>.</returns>
    internal static int TryReadLines(string path, LineTaker take)
    {
        int error = TryOpen(path, out SafeDescriptorHandle file);
        using (file)
        {
            byte[] buffer = new byte[LineBuffer];
            for (int held = 0; error == 0;)
            {
                if (held == buffer.Length)
                {
                    Array.Resize(ref buffer, held * 2);
                }

                error = TryRead(file, buffer.AsSpan(held), out int count);
                if (error == 0 && count == 0)
                {
                    return 0;
                }

                Span<byte> rest = buffer.AsSpan(0, held + count);
                for (int end = rest.IndexOf((byte)'\n'); end >= 0; end = rest.IndexOf((byte)'\n'))
                {
                    take(rest[..end]);
                    rest = rest[(end + 1)..];
                }

                held = rest.Length;
                rest.CopyTo(buffer);
            }

            return error;
        }
    }

    /// <summary>Where a symbolic link points.</summary>
    /// <returns>0, or the error number.</returns>
    internal static int TryReadLink(string path, out string target)
    {
        using CString text = new(path, nameof(path));
        for (byte[] buffer = new byte[FirstLinkBuffer]; ; buffer = new byte[buffer.Length * 2])
        {
            fixed (byte* start = buffer)
            {
                int count = (int)Libc.readlink(text.Pointer, start, (nuint)buffer.Length);
                if (count < buffer.Length)
                {
                    int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                    target = SurrogateEscape.Decode(buffer.AsSpan(0, Math.Max(count, 0)));
                    return error;
                }
            }
        }
    }

    /// <summary>The entries of a directory whose names are numbers, in ascending order.</summary>
    /// <returns>0, or the error number.</returns>
    internal static int TryList(string path, out List<int> numbers)
    {
        numbers = [];
        int error = TryOpen(path, out SafeDescriptorHandle directory);
        using (directory)
        {
            byte[] buffer = new byte[LineBuffer];
            while (error == 0)
            {
                fixed (byte* start = buffer)
                {
                    int count = (int)Libc.syscall(s_getDirectoryEntries, directory.Number, (nint)start, buffer.Length, 0, 0);
                    if (count <= 0)
                    {
                        error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                        break;
                    }

                    AddNumbers(buffer.AsSpan(0, count), numbers);
                }
            }
        }

        numbers.Sort();
        return error;
    }

    private static void AddNumbers(ReadOnlySpan<byte> entries, List<int> numbers)
    {
        while (!entries.IsEmpty)
        {
            int length = MemoryMarshal.Read<ushort>(entries[EntryLengthOffset..]);
            ReadOnlySpan<byte> name = entries[EntryNameOffset..length];
            if (int.TryParse(name[..name.IndexOf((byte)0)], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                numbers.Add(number);
            }

            entries = entries[length..];
        }
    }

    private static int TryOpen(string path, out SafeDescriptorHandle file)
    {
        const int CloseOnExec = 0x80000;
        using CString text = new(path, nameof(path));
        int descriptor;
        int error;
        do
        {
            descriptor = Libc.open(text.Pointer, CloseOnExec, 0);
            error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == Errno.EINTR);

        file = new SafeDescriptorHandle(descriptor);
        return error;
    }

    private static int TryRead(SafeDescriptorHandle file, Span<byte> buffer, out int count)
    {
        fixed (byte* start = buffer)
        {
            int error;
            do
            {
                count = (int)Libc.read(file, start, (nuint)buffer.Length);
                error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Errno.EINTR);

            count = Math.Max(count, 0);
            return error;
        }
    }

    /// <summary>Takes one line, without its newline; the span is good only during the call.</summary>
    internal delegate void LineTaker(ReadOnlySpan<byte> line);
}
