using System.Buffers.Binary;

namespace Multiprocessing;

/// <summary>What a child has said so far, put together from the bytes as they come.</summary>
/// <remarks>A child that is killed leaves a message half said; such a rest is never looked at.</remarks>
internal sealed class ChildReport
{
    private const int HeaderLength = 1 + sizeof(int);

    private byte[] _buffer = [];
    private int _length;

    internal byte[]? Result { get; private set; }

    internal byte[]? Failure { get; private set; }

    internal int? LastWord { get; private set; }

    /// <summary>What the child had used before its work.</summary>
    internal StartUsage? Started { get; private set; }

    internal byte[]? StartFailure { get; private set; }

    internal bool LackedMemory { get; private set; }

    /// <summary>The child has closed its end, or what it says makes no sense: nothing more is to be read.</summary>
    internal bool IsComplete { get; private set; }

    internal bool IsMalformed { get; private set; }

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_length + bytes.Length, Math.Min(_buffer.Length * 2, Array.MaxLength)));
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
        while (TryTakeMessage())
        {
        }
    }

    internal void Complete()
    {
        IsComplete = true;
        _buffer = [];
    }

    private bool TryTakeMessage()
    {
        if (_length < HeaderLength)
        {
            return false;
        }

        int size = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(1));
        ChildMessage kind = (ChildMessage)_buffer[0];
        if (size < 0 || size > Array.MaxLength - HeaderLength || kind is < ChildMessage.Result or > ChildMessage.LackOfMemory || (LengthOf(kind) is { } length && size != length)
            || (kind is ChildMessage.Started or ChildMessage.StartFailure && Started is not null))
        {
            IsMalformed = true;
            Complete();
            _length = 0;
            return false;
        }

        if (_length - HeaderLength < size)
        {
            return false;
        }

        ReadOnlySpan<byte> content = _buffer.AsSpan(HeaderLength, size);
        switch (kind)
        {
            case ChildMessage.Result: Result = content.ToArray(); break;
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

    private static int? LengthOf(ChildMessage kind) => kind switch
    {
        ChildMessage.LastWord => sizeof(int),
        ChildMessage.Started => StartUsage.Length,
        ChildMessage.LackOfMemory => 0,
        _ => null,
    };
}
