using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>Writes the library's own messages: little-endian numbers, counted strings and bytes.</summary>
internal sealed class WireWriter
{
    private byte[] _buffer = new byte[512];

    internal int Length { get; private set; }

    internal ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    internal void Byte(byte value) => Reserve(1)[0] = value;

    internal void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    internal void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Reserve(sizeof(int)), value);

    internal void Unmanaged<T>(T value)
        where T : unmanaged => MemoryMarshal.Write(Reserve(System.Runtime.CompilerServices.Unsafe.SizeOf<T>()), value);

    /// <summary>UTF-16 as it is in memory, so that every string arrives equal, lone surrogates included.</summary>
    internal void String(string? value)
    {
        Int32(value?.Length ?? -1);
        Raw(MemoryMarshal.AsBytes(value.AsSpan()));
    }

    internal void Bytes(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        Raw(value);
    }

    internal void Raw(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    /// <summary>Overwrites a number written earlier, such as a length not known before.</summary>
    internal void PatchInt32(int position, int value) => BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(position), value);

    private Span<byte> Reserve(int count)
    {
        int start = Length;
        int end = checked(start + count);
        if (end > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(end, (int)Math.Min(_buffer.Length * 2L, Array.MaxLength)));
        }

        Length = end;
        return _buffer.AsSpan(start, count);
    }
}
