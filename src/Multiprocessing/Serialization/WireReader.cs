using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>Reads what <see cref="WireWriter"/> wrote. Bytes from a peer are never trusted: every length is checked before it is used.</summary>
[StructLayout(LayoutKind.Auto)]
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    private int _position;

    /// <summary>The types that the peer may name, where it is not trusted; null: it may name any.</summary>
    internal Type[]? Asked { get; init; }

    internal readonly int Left => _message.Length - _position;

    internal byte Byte() => Raw(1)[0];

    internal bool Bool() => Byte() != 0;

    internal int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Raw(sizeof(int)));

    internal T Unmanaged<T>()
        where T : unmanaged => MemoryMarshal.Read<T>(Raw(Unsafe.SizeOf<T>()));

    internal unsafe string? NullableString()
    {
        int length = Int32();
        if (length == -1)
        {
            return null;
        }

        fixed (byte* start = Raw(Scaled(length, sizeof(char))))
        {
            return new string((char*)start, 0, length);
        }
    }

    internal string String() => NullableString() ?? throw new InvalidDataException("The message has no text where it must have one.");

    /// <summary>Goes past these bytes if they come next.</summary>
    internal bool TryTake(ReadOnlySpan<byte> expected)
    {
        if (!_message[_position..].StartsWith(expected))
        {
            return false;
        }

        _position += expected.Length;
        return true;
    }

    internal ReadOnlySpan<byte> Bytes() => Raw(Int32());

    internal ReadOnlySpan<byte> Raw(int count)
    {
        if (count < 0 || count > Left)
        {
            throw new InvalidDataException($"The message ends early: {count} bytes are announced, {Left} are there.");
        }

        ReadOnlySpan<byte> bytes = _message.Slice(_position, count);
        _position += count;
        return bytes;
    }

    /// <summary>How many elements follow, each of at least one byte: a count beyond the bytes that are there is refused before memory is allocated for it.</summary>
    internal int Count()
    {
        int count = Int32();
        if (count < 0 || count > Left)
        {
            throw new InvalidDataException($"The message announces {count} elements, but only {Left} bytes are left.");
        }

        return count;
    }

    internal static int Scaled(int count, int size)
    {
        long length = (long)count * size;
        return count < 0 || length > int.MaxValue ? throw new InvalidDataException($"The message announces {count} elements of {size} bytes.") : (int)length;
    }
}
