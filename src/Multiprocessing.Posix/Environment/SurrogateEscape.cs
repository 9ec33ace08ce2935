using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Multiprocessing.Posix;

/// <summary>
/// Any bytes as text, and back: what is UTF-8 reads as such, and each other byte 0x80 to 0xFF becomes a lone surrogate U+DC80 to U+DCFF, as in Python.
/// Different bytes are different texts, so nothing that the system names or holds is lost on the way through a string.
/// </summary>
/// <remarks>Plain loops for what is ASCII: the first use of an encoding or of a vectorized search costs a starting process some milliseconds.</remarks>
internal static class SurrogateEscape
{
    private const char First = '\uDC80';
    private const char Last = '\uDCFF';
    private const int MaximumOnStack = 256;

    internal static string Decode(ReadOnlySpan<byte> bytes)
    {
        Span<char> chars = bytes.Length <= MaximumOnStack ? stackalloc char[MaximumOnStack] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] > 0x7F)
            {
                return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : DecodeEscaping(bytes);
            }

            chars[i] = (char)bytes[i];
        }

        return new string(chars[..bytes.Length]);
    }

    /// <exception cref="ArgumentException">The text has a null character or a lone surrogate that stands for no byte.</exception>
    internal static byte[] Encode(string text, string parameter = "text")
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        if (TryEncode(text) is { } bytes)
        {
            return bytes;
        }

        throw HasNull(text) ? NullCharacter(parameter) : LoneSurrogate(parameter);
    }

    /// <returns>Null where the text has a null character or a lone surrogate that stands for no byte.</returns>
    internal static byte[]? TryEncode(string text)
    {
        if (HasNull(text))
        {
            return null;
        }

        return HasSurrogates(text) ? EncodeEscaped(text) : Encoding.UTF8.GetBytes(text);
    }

    /// <summary>The one spelling that <see cref="Decode"/> gives for a text's bytes: escapes can also spell out what is UTF-8.</summary>
    /// <returns>Null where the text has a null character or a lone surrogate that stands for no byte.</returns>
    internal static string? TryNormalize(string text)
    {
        if (!HasSurrogates(text))
        {
            return HasNull(text) ? null : text;
        }

        return TryEncode(text) is { } bytes ? Decode(bytes) : null;
    }

    /// <summary>Whether the text is more than UTF-8 can say.</summary>
    internal static bool HasLoneSurrogates(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The text as plain .NET can hold it: U+FFFD for each lone surrogate.</summary>
    internal static string ToLossy(string text) => HasLoneSurrogates(text) ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;

    internal static ArgumentException NullCharacter(string parameter) => new("The text has a null character in it; the system would cut it short there.", parameter);

    internal static ArgumentException LoneSurrogate(string parameter) => new("The text has a lone surrogate in it that stands for no byte (only U+DC80 to U+DCFF do).", parameter);

    private static bool HasNull(string text)
    {
        foreach (char c in text)
        {
            if (c == '\0')
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasSurrogates(string text)
    {
        foreach (char c in text)
        {
            if (char.IsSurrogate(c))
            {
                return true;
            }
        }

        return false;
    }

    private static string DecodeEscaping(ReadOnlySpan<byte> bytes)
    {
        char[] chars = new char[bytes.Length]; // no byte gives more than one
        int length = 0;
        while (Utf8.ToUtf16(bytes, chars.AsSpan(length), out int read, out int written, replaceInvalidSequences: false) != OperationStatus.Done)
        {
            // One byte at a time: what follows in a broken sequence cannot begin another, and is escaped in turn.
            length += written;
            chars[length++] = (char)(0xDC00 | bytes[read]);
            bytes = bytes[(read + 1)..];
            if (bytes.IsEmpty)
            {
                return new string(chars, 0, length);
            }
        }

        Utf8.ToUtf16(bytes, chars.AsSpan(length), out _, out int rest);
        return new string(chars, 0, length + rest);
    }

    private static byte[]? EncodeEscaped(string text)
    {
        byte[] bytes = new byte[text.Length * 3];
        int length = 0;
        for (ReadOnlySpan<char> left = text; !left.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(left, out Rune rune, out int consumed) == OperationStatus.Done)
            {
                length += rune.EncodeToUtf8(bytes.AsSpan(length));
            }
            else if (left[0] is >= First and <= Last)
            {
                bytes[length++] = (byte)left[0];
            }
            else
            {
                return null;
            }

            left = left[consumed..];
        }

        return bytes[..length];
    }
}
