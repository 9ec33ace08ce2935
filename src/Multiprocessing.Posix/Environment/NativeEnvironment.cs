using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The C environment as it stands. See environ(7).</summary>
/// <remarks>An entry without a name is nobody's variable: it is left alone. Of several with one name, the first counts, as in getenv(3).</remarks>
internal static unsafe class NativeEnvironment
{
    // The C library's own variable. It is read each time: setenv may move what it points to.
    private static readonly byte*** s_environ = (byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");

    private static byte** First => *s_environ;

    /// <summary>All entries, byte for byte.</summary>
    internal static byte[][] Read()
    {
        List<byte[]> entries = [];
        for (byte** entry = First; entry is not null && *entry is not null; entry++)
        {
            entries.Add(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*entry).ToArray());
        }

        return [.. entries];
    }

    /// <summary>Whether nothing has changed since <see cref="Read"/> gave these. By content: native code may write into an entry.</summary>
    internal static bool Is(byte[][] entries)
    {
        byte** entry = First;
        foreach (byte[] expected in entries)
        {
            if (entry is null || *entry is null || !MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*entry).SequenceEqual(expected))
            {
                return false;
            }

            entry++;
        }

        return entry is null || *entry is null;
    }

    /// <summary>The entries that this program was started with. See proc_pid_environ(5).</summary>
    /// <returns>Null where there is no /proc.</returns>
    /// <remarks>Read by the bare calls: .NET's first file costs a program some milliseconds, and this comes before its first child.</remarks>
    internal static byte[][]? ReadInitial()
    {
        try
        {
            using SafeDescriptorHandle file = Os.Open("/proc/self/environ", 0);
            byte[] content = new byte[4096];
            int length = 0;
            for (int count; (count = Os.Read(file, content.AsSpan(length))) > 0;)
            {
                length += count;
                if (length == content.Length)
                {
                    Array.Resize(ref content, 2 * length);
                }
            }

            List<byte[]> entries = [];
            for (ReadOnlySpan<byte> left = content.AsSpan(0, length); !left.IsEmpty;)
            {
                int end = left.IndexOf((byte)0);
                entries.Add(left[..(end < 0 ? left.Length : end)].ToArray());
                left = end < 0 ? [] : left[(end + 1)..];
            }

            return [.. entries];
        }
        catch (PosixException)
        {
            return null;
        }
    }

    internal static Dictionary<string, string> ToVariables(byte[][] entries)
    {
        Dictionary<string, string> variables = new(entries.Length, StringComparer.Ordinal);
        foreach (ReadOnlySpan<byte> entry in entries)
        {
            int end = entry.IndexOf((byte)'=');
            if (end > 0)
            {
                variables.TryAdd(SurrogateEscape.Decode(entry[..end]), SurrogateEscape.Decode(entry[(end + 1)..]));
            }
        }

        return variables;
    }

    /// <summary>Sets a variable, or removes it where there is no value.</summary>
    /// <exception cref="PosixException">ENOMEM.</exception>
    internal static void Set(string name, string? value)
    {
        using CString nameText = new(name);
        if (value is null)
        {
            Check("unsetenv", Libc.unsetenv(nameText.Pointer));
            return;
        }

        using CString valueText = new(value, nameof(value));
        Check("setenv", Libc.setenv(nameText.Pointer, valueText.Pointer, 1));
    }

    private static void Check(string call, int result)
    {
        if (result < 0)
        {
            throw PosixException.Last(call);
        }
    }
}
