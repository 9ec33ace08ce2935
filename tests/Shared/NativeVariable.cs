using System.Runtime.InteropServices;
using System.Text;

namespace Multiprocessing.Tests;

/// <summary>The environment as native code sees it, by the C library's own calls.</summary>
internal static unsafe partial class NativeVariable
{
    internal static byte[]? GetBytes(byte[] name)
    {
        byte* value = getenv([.. name, 0]);
        return value is null ? null : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(value).ToArray();
    }

    internal static string? Get(string name) => GetBytes(Encoding.UTF8.GetBytes(name)) is { } value ? Encoding.UTF8.GetString(value) : null;

    internal static void Set(byte[] name, byte[]? value) =>
        Assert.Equal(0, value is null ? unsetenv([.. name, 0]) : setenv([.. name, 0], [.. value, 0], 1));

    internal static void Set(string name, string? value) => Set(Encoding.UTF8.GetBytes(name), value is null ? null : Encoding.UTF8.GetBytes(value));

    [LibraryImport("libc")]
    private static partial byte* getenv(byte[] name);

    [LibraryImport("libc")]
    private static partial int setenv(byte[] name, byte[] value, int overwrite);

    [LibraryImport("libc")]
    private static partial int unsetenv(byte[] name);
}
