using System.Buffers;

namespace Multiprocessing;

/// <summary>A message's body in an array of its own.</summary>
internal sealed class ArrayView(byte[] bytes) : IMemoryOwner<byte>
{
    private byte[]? _bytes = bytes;

    public Memory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_bytes is null, typeof(IMemoryOwner<byte>));
            return _bytes;
        }
    }

    public void Dispose() => _bytes = null;
}
