using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Writes the library's own messages: little-endian numbers, counted strings and bytes, and the descriptors that go with them.</summary>
internal sealed class WireWriter : IDisposable
{
    private const int MaximumKept = 1 << 20;

    private const int Long = 64 << 10;

    private byte[] _buffer = new byte[512]; // empty while the bytes lie in a block
    private SharedBlock? _block;
    private List<SafeDescriptorHandle>? _descriptors;
    private List<SafeDescriptorHandle>? _owned;
    private SentObjects? _sent;

    internal int Length { get; private set; }

    /// <summary>How deep what is being written is nested; 0 between two values.</summary>
    internal int Depth { get; private set; }

    /// <summary>What this value has brought along so far.</summary>
    internal SentObjects Sent => _sent ??= new();

    internal ReadOnlySpan<byte> Written => Memory[..Length];

    /// <summary>Who lends memory for a long message, so that it is written where its receiver reads it; null: nobody.</summary>
    internal Transport? Lender { get; set; }

    /// <summary>Whether it is read by a process that has not this one's rights, and is not to be trusted with more than it needs.</summary>
    internal bool ForAnotherUser { get; init; }

    private Span<byte> Memory => _block is null ? _buffer : _block.Memory;

    /// <summary>What goes along with the bytes, in the order in which the reader takes them. They still belong to whoever attached them.</summary>
    internal ReadOnlySpan<SafeDescriptorHandle> Descriptors => CollectionsMarshal.AsSpan(_descriptors);

    /// <summary>Makes it as new, but keeps its memory unless that has grown large.</summary>
    internal void Clear()
    {
        Length = 0;
        Lender = null;
        Return(0);
        TakeBlock()?.Return();
        _descriptors?.Clear();
        _owned?.ForEach(descriptor => descriptor.Dispose());
        _owned?.Clear();
        if (_buffer.Length > MaximumKept)
        {
            _buffer = new byte[512];
        }
    }

    /// <summary>The block that the bytes lie in becomes the caller's, to send or return. They can still be read here until it is.</summary>
    /// <returns>Null when they lie elsewhere.</returns>
    internal SharedBlock? TakeBlock()
    {
        SharedBlock? block = _block;
        if (block is not null)
        {
            _block = null;
            _buffer = new byte[512];
            Length = 0;
        }

        return block;
    }

    /// <summary>The bytes in an array: that of this writer, unless they lie in a block.</summary>
    internal ReadOnlyMemory<byte> ToMemory() => _block is null ? _buffer.AsMemory(0, Length) : Written.ToArray();

    /// <summary>Closes the descriptors that are its own.</summary>
    public void Dispose() => Clear();

    internal void Attach(SafeDescriptorHandle descriptor) => (_descriptors ??= []).Add(descriptor);

    /// <summary>As <see cref="Attach"/>, for one that is closed with this writer.</summary>
    internal void AttachOwned(SafeDescriptorHandle descriptor)
    {
        (_owned ??= []).Add(descriptor);
        Attach(descriptor);
    }

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

    /// <summary>Room for so many bytes, all of which the caller fills.</summary>
    internal Span<byte> Space(int count) => Reserve(count);

    /// <summary>Takes back what was written and attached since.</summary>
    internal void Truncate(int length, int descriptors)
    {
        Length = length;
        _descriptors?.RemoveRange(descriptors, _descriptors.Count - descriptors);
    }

    /// <exception cref="RefusedException">It is nested too deep.</exception>
    internal void Enter(Type type)
    {
        if (Depth == Nesting.Maximum)
        {
            throw new RefusedException(type, Refusals.AgainstDepth);
        }

        Depth++;
    }

    internal void Leave() => Return(Depth - 1);

    /// <summary>Back to a depth, whatever was written since: objects are known by number within one value only.</summary>
    internal void Return(int depth)
    {
        Depth = depth;
        if (depth == 0)
        {
            _sent?.Clear();
        }
    }

    /// <summary>Overwrites a number written earlier, such as a length not known before.</summary>
    internal void PatchInt32(int position, int value) => BinaryPrimitives.WriteInt32LittleEndian(Memory[position..], value);

    private Span<byte> Reserve(int count)
    {
        int start = Length;
        int end = checked(start + count);
        if (end > _buffer.Length)
        {
            Grow(end);
            Length = end;
            return Memory.Slice(start, count);
        }

        Length = end;
        return _buffer.AsSpan(start, count);
    }

    private void Grow(int end)
    {
        int there = Memory.Length;
        if (end <= there)
        {
            return;
        }

        int length = Math.Max(end, (int)Math.Min(there * 2L, Array.MaxLength));
        SharedBlock? larger = end > Long ? Lender?.TryLend(length) : null;
        if (larger is not null)
        {
            Written.CopyTo(larger.Memory);
            _block?.Return();
            _block = larger;
            _buffer = [];
        }
        else
        {
            byte[] array = GC.AllocateUninitializedArray<byte>(length);
            Written.CopyTo(array);
            _block?.Return();
            _block = null;
            _buffer = array;
        }
    }
}
