using System.Buffers.Binary;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>What a child has said so far, put together from the bytes and descriptors as they come.</summary>
/// <remarks>A child that is killed leaves a message half said; such a rest is never looked at.</remarks>
internal sealed class ChildReport
{
    private const int HeaderLength = 1 + sizeof(int) + sizeof(int);

    private readonly List<SafeDescriptorHandle> _descriptors = [];
    private byte[] _buffer = [];
    private int _length;

    internal byte[]? Result { get; private set; }

    /// <summary>What came along with the result.</summary>
    internal ReceivedDescriptors? ResultDescriptors { get; private set; }

    internal byte[]? Failure { get; private set; }

    internal int? LastWord { get; private set; }

    /// <summary>What the child had used before its work.</summary>
    internal StartUsage? Started { get; private set; }

    internal byte[]? StartFailure { get; private set; }

    internal bool LackedMemory { get; private set; }

    /// <summary>The child has closed its end, or what it says makes no sense: nothing more is to be read.</summary>
    internal bool IsComplete { get; private set; }

    internal bool IsMalformed { get; private set; }

    /// <summary>Whether all of it was said by a process that may name types; see <see cref="SenderTrust"/>.</summary>
    internal bool IsTrusted { get; private set; } = true;

    /// <summary>Descriptors come with or before the bytes of the message that they go along with, and in order.</summary>
    internal void Append(ReadOnlySpan<byte> bytes, List<SafeDescriptorHandle> descriptors, bool isTrusted)
    {
        IsTrusted &= isTrusted;
        _descriptors.AddRange(descriptors);
        if (_length + (long)bytes.Length > Array.MaxLength)
        {
            Refuse();
            return;
        }

        if (_length + bytes.Length > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_length + bytes.Length, Math.Min(_buffer.Length * 2, Array.MaxLength)));
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
        while (TryTakeMessage())
        {
        }

        if (_descriptors.Count > MostExpected())
        {
            Refuse();
        }
    }

    internal void Complete()
    {
        IsComplete = true;
        _buffer = [];
        _descriptors.ForEach(descriptor => descriptor.Dispose());
        _descriptors.Clear();
    }

    /// <summary>What it says makes no sense, or cannot be taken.</summary>
    internal void Refuse()
    {
        IsMalformed = true;
        Complete();
        _length = 0;
    }

    private bool TryTakeMessage()
    {
        if (_length < HeaderLength)
        {
            return false;
        }

        int size = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(1));
        int descriptors = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(1 + sizeof(int)));
        ChildMessage kind = (ChildMessage)_buffer[0];
        if (size < 0 || (kind == ChildMessage.Result ? descriptors < 0 : descriptors != 0) || size > Array.MaxLength - HeaderLength || kind is < ChildMessage.Result or > ChildMessage.LackOfMemory || (LengthOf(kind) is { } length && size != length)
            || (kind is ChildMessage.Started or ChildMessage.StartFailure && Started is not null))
        {
            Refuse();
            return false;
        }

        if (_length - HeaderLength < size)
        {
            return false;
        }

        if (_descriptors.Count < descriptors)
        {
            Refuse();
            return false;
        }

        ReadOnlySpan<byte> content = _buffer.AsSpan(HeaderLength, size);
        switch (kind)
        {
            case ChildMessage.Result:
                Result = content.ToArray();
                ResultDescriptors = new ReceivedDescriptors(_descriptors.GetRange(0, descriptors));
                _descriptors.RemoveRange(0, descriptors);
                break;
            case ChildMessage.Failure: Failure = content.ToArray(); break;
            case ChildMessage.LastWord: LastWord = BinaryPrimitives.ReadInt32LittleEndian(content); break;
            case ChildMessage.Started: Started = StartUsage.Read(content); break;
            case ChildMessage.StartFailure: StartFailure = content.ToArray(); break;
            default: LackedMemory = true; break;
        }

        _length -= HeaderLength + size;
        _buffer.AsSpan(HeaderLength + size, _length).CopyTo(_buffer);
        return true;
    }

    /// <summary>How many descriptors the message that has begun can bring: they come with its first bytes.</summary>
    private int MostExpected() =>
        _length >= HeaderLength ? BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(1 + sizeof(int))) : _length * Os.MaxMessageDescriptors;

    private static int? LengthOf(ChildMessage kind) => kind switch
    {
        ChildMessage.LastWord => sizeof(int),
        ChildMessage.Started => StartUsage.Length,
        ChildMessage.LackOfMemory => 0,
        _ => null,
    };
}
