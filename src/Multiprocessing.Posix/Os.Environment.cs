using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    // The C library's own variable. Reading it needs its address, which is looked up once.
    private static readonly byte*** s_environ = (byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");

    private static byte** CurrentEnvironment => *s_environ;

    /// <summary>A variable of the C environment whose value is ASCII. See getenv(3).</summary>
    /// <param name="name">The variable's name in UTF-8, ending in a null byte.</param>
    /// <returns>Its value, or null when it is not set.</returns>
    /// <remarks>Byte by byte: a starting child reads one variable so, and the first use of an encoding costs it more than a millisecond.</remarks>
    internal static string? GetNativeEnv(ReadOnlySpan<byte> name)
    {
        fixed (byte* start = name)
        {
            byte* value = Libc.getenv(start);
            if (value is null)
            {
                return null;
            }

            string text = "";
            for (; *value != 0; value++)
            {
                text += (char)*value;
            }

            return text;
        }
    }

    /// <summary>Removes a variable of the C environment. See unsetenv(3).</summary>
    /// <param name="name">The variable's name in UTF-8, ending in a null byte.</param>
    internal static void UnsetNativeEnv(ReadOnlySpan<byte> name)
    {
        fixed (byte* start = name)
        {
            Check("unsetenv", Libc.unsetenv(start));
        }
    }

    /// <summary>Sets or removes a variable of the C environment. See setenv(3) and unsetenv(3).</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="value">Its value; null removes it.</param>
    internal static void SetNativeEnv(string name, string? value)
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
}
