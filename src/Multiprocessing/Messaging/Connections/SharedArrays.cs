using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Multiprocessing;

/// <summary>
/// Reads an array of numbers out of memory that others may write to meanwhile. Each byte is read once: what begins the message is compared with what it must be,
/// the length is read and then checked, and the numbers are copied out, any of which is one.
/// </summary>
/// <typeparam name="T">What is asked for; read here if it is an array of numbers.</typeparam>
internal static class SharedArrays<T>
{
    private static readonly Type? s_element = typeof(T).IsSZArray && typeof(T).GetElementType() is { IsPrimitive: true } element ? element : null;
    private static readonly RawLayout? s_layout = s_element is null || RawValues.Of(s_element) is not { Checks.Length: 0 } layout ? null : layout;
    private static readonly byte[] s_header = s_layout is null ? [] : MakeHeader();

    /// <returns>False: it is no such message. It must be copied first.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out T? array)
    {
        array = default;
        if (s_layout is null || !body.StartsWith(s_header) || body.Length < s_header.Length + sizeof(int))
        {
            return false;
        }

        int count = BinaryPrimitives.ReadInt32LittleEndian(body[s_header.Length..]);
        ReadOnlySpan<byte> numbers = body[(s_header.Length + sizeof(int))..];
        if (count < 0 || (long)count * s_layout.Size != numbers.Length)
        {
            return false;
        }

        Array target = s_element == typeof(byte) ? GC.AllocateUninitializedArray<byte>(count) : Array.CreateInstance(s_element!, count);
        numbers.CopyTo(RawValues.BytesOf(target, s_layout));
        array = (T)(object)target;
        return true;
    }

    private static byte[] MakeHeader()
    {
        WireWriter writer = new();
        ValueSerializer.Write(writer, (T)(object)Array.CreateInstance(s_element!, 0), Subject.Message);
        return writer.Written[..^sizeof(int)].ToArray();
    }
}
