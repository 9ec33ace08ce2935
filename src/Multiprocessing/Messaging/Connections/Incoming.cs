using System.Buffers;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A message as it came. Dispose it: its memory is lent, and descriptors that nobody took are closed.</summary>
/// <param name="kind">How it was sent.</param>
/// <param name="body">Its bytes; valid until <paramref name="owner"/> or <paramref name="pooled"/> goes back.</param>
/// <param name="isTrusted">Whether it is known already that its sender has this process's own user and group, or is root.</param>
/// <param name="descriptors">What came along; null: nothing.</param>
/// <param name="owner">Whose the bytes are, where they can be handed on as they are; null: they must be copied.</param>
/// <param name="pooled">The array of the shared pool that holds the bytes; null: they are elsewhere.</param>
/// <param name="sender">Who sent it, as the system says; null: it says nothing.</param>
[StructLayout(LayoutKind.Auto)]
internal struct Incoming(
    MessageKind kind,
    ReadOnlyMemory<byte> body,
    bool isTrusted,
    ReceivedDescriptors? descriptors = null,
    IMemoryOwner<byte>? owner = null,
    byte[]? pooled = null,
    PeerCredentials? sender = null) : IDisposable
{
    private IMemoryOwner<byte>? _owner = owner;
    private byte[]? _pooled = pooled;

    internal readonly MessageKind Kind => kind;

    internal readonly ReadOnlyMemory<byte> Body => body;

    /// <summary>Whether its sender could do to this process whatever it liked anyway; see <see cref="SenderTrust"/>.</summary>
    internal readonly bool IsTrusted => isTrusted || SenderTrust.Of(sender);

    /// <summary>Whether the bytes may change while they are read: others have mapped the same pages, such as a process of another user that shared the sender's end once.</summary>
    internal readonly bool IsShared => _owner is BlockView;

    internal readonly ReceivedDescriptors? Descriptors => descriptors;

    /// <summary>Hands the bytes on without a copy: they are the caller's to dispose now.</summary>
    /// <returns>Null when they must be copied.</returns>
    internal IMemoryOwner<byte>? TakeOwner()
    {
        IMemoryOwner<byte>? taken = _owner;
        _owner = null;
        return taken;
    }

    public void Dispose()
    {
        descriptors?.Dispose();
        TakeOwner()?.Dispose();
        if (_pooled is { } array)
        {
            _pooled = null;
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
