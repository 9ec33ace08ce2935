using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The flags of open(2) by name, from the octal number in /proc/PID/fdinfo.</summary>
internal static class OpenFlags
{
    private const uint AccessMode = 3;

    private static readonly string[] s_accessModes = ["O_RDONLY", "O_WRONLY", "O_RDWR", "3"];

    private static readonly bool s_arm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64;

    private static readonly (uint Value, string Name)[] s_names =
    [
        (0x40, "O_CREAT"),
        (0x80, "O_EXCL"),
        (0x100, "O_NOCTTY"),
        (0x200, "O_TRUNC"),
        (0x400, "O_APPEND"),
        (0x800, "O_NONBLOCK"),
        (0x101000, "O_SYNC"), // has the next one in it
        (0x1000, "O_DSYNC"),
        (0x2000, "O_ASYNC"),
        (s_arm ? 0x404000u : 0x410000, "O_TMPFILE"), // has O_DIRECTORY in it
        (s_arm ? 0x10000u : 0x4000, "O_DIRECT"),
        (s_arm ? 0x20000u : 0x8000, ""), // O_LARGEFILE: the kernel sets it on every file, and the C library does not know it
        (s_arm ? 0x4000u : 0x10000, "O_DIRECTORY"),
        (s_arm ? 0x8000u : 0x20000, "O_NOFOLLOW"),
        (0x40000, "O_NOATIME"),
        (0x200000, "O_PATH"),
        (0x80000, "O_CLOEXEC"),
    ];

    /// <param name="info">The content of /proc/PID/fdinfo/NUMBER.</param>
    /// <exception cref="FormatException">There is no line "flags:" with an octal number.</exception>
    internal static uint Parse(ReadOnlySpan<byte> info)
    {
        ReadOnlySpan<byte> name = "flags:"u8;
        foreach (Range range in info.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = info[range];
            if (line.StartsWith(name))
            {
                return Octal(line[name.Length..].Trim(" \t"u8));
            }
        }

        throw new FormatException("/proc/PID/fdinfo has no line 'flags:'.");
    }

    internal static string ToText(uint flags)
    {
        string text = s_accessModes[flags & AccessMode];
        uint rest = flags & ~AccessMode;
        foreach ((uint value, string name) in s_names)
        {
            if ((rest & value) == value)
            {
                rest &= ~value;
                text += name.Length == 0 ? "" : $"|{name}";
            }
        }

        return rest == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text}|0x{rest:x}");
    }

    private static uint Octal(ReadOnlySpan<byte> digits)
    {
        uint number = 0;
        foreach (byte digit in digits)
        {
            number = digit is >= (byte)'0' and <= (byte)'7' && number <= uint.MaxValue >> 3
                ? (number << 3) | (uint)(digit - '0')
                : throw new FormatException("The line 'flags:' of /proc/PID/fdinfo is not an octal number.");
        }

        return number;
    }
}
