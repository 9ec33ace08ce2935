using System.Diagnostics.CodeAnalysis;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    /// <summary>The environment as text, live: the C environment and <see cref="Environment"/>'s copy of it, kept the same. See environ(7).</summary>
    /// <remarks>See <see cref="EnvironmentMap{T}"/>. Bytes that are not UTF-8 are lone surrogates U+DC80 to U+DCFF in the text, as in Python.</remarks>
    public static EnvironmentMap<string> Environ => TextEnvironment.Instance;

    /// <summary>The same environment as <see cref="Environ"/> in bytes. Names compare by content.</summary>
    public static EnvironmentMap<byte[]> EnvironBytes => ByteEnvironment.Instance;

    /// <summary>Reads a variable of the environment. See getenv(3).</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="fallback">What to return when it is not set.</param>
    /// <returns>Its value, or <paramref name="fallback"/> when it is not set or no variable can have such a name.</returns>
    /// <remarks>What has been set through <see cref="Environment"/> or by native code since the last look is seen, and reaches the other of the two.</remarks>
    [return: NotNullIfNotNull(nameof(fallback))]
    public static string? GetEnv(string name, string? fallback = null) => Environ.TryGetValue(name, out string? value) ? value : fallback;

    /// <summary>Reads a variable of the environment in bytes. See getenv(3).</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="fallback">What to return when it is not set.</param>
    /// <returns>Its value, in an array of its own, or <paramref name="fallback"/> when it is not set or no variable can have such a name.</returns>
    [return: NotNullIfNotNull(nameof(fallback))]
    public static byte[]? GetEnvBytes(byte[] name, byte[]? fallback = null) => EnvironBytes.TryGetValue(name, out byte[]? value) ? value : fallback;

    /// <summary>Sets a variable of the environment, for native code, for <see cref="Environment"/> and for the programs started from now on. See setenv(3).</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="value">Its value; empty is a value.</param>
    /// <exception cref="ArgumentException">The name is empty or has '=' in it, or either has a null character or a lone surrogate that stands for no byte. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOMEM.</exception>
    public static void PutEnv(string name, string value) => Environ[name] = value;

    /// <summary>Removes a variable of the environment, for native code, for <see cref="Environment"/> and for the programs started from now on. See unsetenv(3).</summary>
    /// <param name="name">The variable's name; where it is not set, nothing happens.</param>
    /// <exception cref="ArgumentException">The name is empty or has '=', a null character or a lone surrogate that stands for no byte in it. Nothing has changed.</exception>
    public static void UnsetEnv(string name) => Environ.Remove(name);

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

    /// <summary>Sets a variable of the C environment, without a look at .NET's copy. See setenv(3).</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="value">Its value.</param>
    internal static void SetNativeEnv(string name, string value) => NativeEnvironment.Set(name, value);
}
