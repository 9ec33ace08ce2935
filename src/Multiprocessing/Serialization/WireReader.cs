using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Reads what <see cref="WireWriter"/> wrote. Bytes from a peer are never trusted: every length is checked before it is used.</summary>
[StructLayout(LayoutKind.Auto)]
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    private int _position;
    private int _depth;
    private ReceivedObjects? _received;

    /// <summary>The types that the peer may name, where it is not trusted; null: it may name any.</summary>
    internal Type[]? Asked { get; init; }

    /// <summary>What came along with the bytes; null: nothing.</summary>
    internal ReceivedDescriptors? Descriptors { get; init; }

    internal readonly int Left => _message.Length - _position;

    /// <summary>Whether the peer may have this process make such an object.</summary>
    internal readonly bool MayMake(Type type) => Asked is null || Array.IndexOf(Asked, type) >= 0;

    /// <summary>How deep what is being read is nested; 0 between two values.</summary>
    internal readonly int Depth => _depth;

    /// <summary>What this value has brought along so far.</summary>
    internal ReceivedObjects Received => _received ??= ReceivedObjects.Rent();

    /// <exception cref="InvalidDataException">It is nested deeper than any writer nests.</exception>
    internal void Enter()
    {
        if (_depth == Nesting.Maximum)
        {
            throw new InvalidDataException($"The message is nested more than {Nesting.Maximum} deep.");
        }

        _depth++;
    }

    internal void Leave() => Return(_depth - 1);

    /// <summary>A value is read, as far as it goes: when it is no part of another, what could be done only then is done.</summary>
    /// <param name="depth">The depth that it stands at.</param>
    internal readonly void End(int depth)
    {
        if (depth == 0)
        {
            _received?.End();
        }
    }

    /// <summary>A value could not be read, or is not the one that was wanted.</summary>
    /// <param name="depth">The depth that it stands at.</param>
    internal readonly void Abandon(int depth)
    {
        if (depth == 0)
        {
            _received?.CloseDescriptors();
        }
    }

    internal void Return(int depth)
    {
        _depth = depth;
        if (depth == 0 && _received is { } received)
        {
            _received = null;
            received.Dispose();
        }
    }

    /// <summary>The next descriptor that came along; it belongs to the caller now.</summary>
    /// <exception cref="InvalidDataException">No more came.</exception>
    internal readonly SafeDescriptorHandle Descriptor() => Descriptors?.Take() ?? throw new InvalidDataException("The message has fewer descriptors than its bytes speak of.");

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
    /// <param name="minimumSize">How many bytes the smallest element takes.</param>
    internal int Count(int minimumSize = 1)
    {
        int count = Int32();
        if (count < 0 || (long)count * minimumSize > Left)
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
