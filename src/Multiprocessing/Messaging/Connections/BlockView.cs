using System.Buffers;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A message's body as it lies in its sender's block. While it is not disposed the sender does not use the block again.</summary>
/// <remarks>It has no finalizer, since a span may be in use when nothing else refers to this object: one that is dropped keeps its block until the process ends.</remarks>
internal sealed unsafe class BlockView : MemoryManager<byte>
{
    private readonly BlockReceiver _receiver;
    private readonly SafeDescriptorHandle _lease;
    private readonly int _length;
    private BlockReceiver.MappedBlock? _block;

    internal BlockView(BlockReceiver receiver, BlockReceiver.MappedBlock block, int length, SafeDescriptorHandle lease)
    {
#pragma warning disable CA1816 // its finalizer would tell the sender that nobody reads
        GC.SuppressFinalize(lease);
#pragma warning restore CA1816
        _receiver = receiver;
        _block = block;
        _length = length;
        _lease = lease;
    }

    public override Span<byte> GetSpan() => Block.Mapping.AsSpan(0, _length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, _length);
        return new MemoryHandle((byte*)Block.Mapping.Address + elementIndex);
    }

    public override void Unpin()
    {
        // Nothing moves it.
    }

    private BlockReceiver.MappedBlock Block
    {
        get
        {
            BlockReceiver.MappedBlock? block = _block;
            ObjectDisposedException.ThrowIf(block is null, typeof(IMemoryOwner<byte>));
            return block;
        }
    }

    /// <summary>What was read is read before the sender may write again: closing the lease is a call of the system, and the exchange a fence before it.</summary>
    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _block, null) is { } block)
        {
            _receiver.Return(block);
            _lease.Dispose();
        }
    }
}
