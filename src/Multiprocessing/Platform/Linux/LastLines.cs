using System.Text;

namespace Multiprocessing;

/// <summary>The end of a text that comes in pieces of bytes: whole lines, as far as the room goes.</summary>
internal sealed class LastLines
{
    /// <summary>In bytes. The trace of a fatal error of the runtime is a few thousand long.</summary>
    internal const int Capacity = 16 * 1024;

    private const byte LineFeed = (byte)'\n';

    // One byte more is kept: it tells whether a line begins at the first one.
    private const int Kept = Capacity + 1;

    private byte[] _buffer = [];
    private int _length;

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[Math.Max(0, bytes.Length - Kept)..];
        if (_length + bytes.Length > 2 * Kept)
        {
            int remaining = Kept - bytes.Length;
            _buffer.AsSpan(_length - remaining, remaining).CopyTo(_buffer);
            _length = remaining;
        }

        if (_length + bytes.Length > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Min(2 * Kept, Math.Max(_length + bytes.Length, 2 * _buffer.Length)));
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <returns>The lines, with their ends. What is not UTF-8 is replaced; of a line that is longer than the room, its end.</returns>
    public override string ToString()
    {
        ReadOnlySpan<byte> text = _buffer.AsSpan(0, _length);
        if (_length > Capacity)
        {
            text = text[^Kept..];
            int lineBreak = text[..^1].IndexOf(LineFeed);
            text = lineBreak < 0 ? FromCharacter(text[1..]) : text[(lineBreak + 1)..];
        }

        return Encoding.UTF8.GetString(text);
    }

    /// <summary>Without the rest of a character that was cut.</summary>
    private static ReadOnlySpan<byte> FromCharacter(ReadOnlySpan<byte> text)
    {
        int start = 0;
        while (start < 3 && (text[start] & 0xC0) == 0x80)
        {
            start++;
        }

        return text[start..];
    }
}
