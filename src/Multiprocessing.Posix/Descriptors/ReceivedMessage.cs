using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>What <see cref="Os.RecvMsg"/> received. Disposing it closes the descriptors that came along.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ReceivedMessage : IDisposable
{
    private readonly SafeDescriptorHandle[]? _descriptors;

    internal ReceivedMessage(int count, bool isTruncated, SafeDescriptorHandle[] descriptors, PeerCredentials? credentials)
    {
        Count = count;
        IsTruncated = isTruncated;
        _descriptors = descriptors;
        Credentials = credentials;
    }

    /// <summary>How many bytes were put into the buffer; 0 also when the other end is closed.</summary>
    public int Count { get; }

    /// <summary>MSG_TRUNC: a packet was longer than the buffer, and the rest of it is gone.</summary>
    public bool IsTruncated { get; }

    /// <summary>The descriptors that came along, each close-on-exec and the receiver's to dispose.</summary>
    public IReadOnlyList<SafeDescriptorHandle> Descriptors => _descriptors ?? [];

    /// <summary>Who sent it, as the kernel says; null unless <see cref="Os.SetPassCredentials"/> was called before it was sent.</summary>
    public PeerCredentials? Credentials { get; }

    /// <summary>Closes the descriptors that came along.</summary>
    public void Dispose() => Array.ForEach(_descriptors ?? [], descriptor => descriptor.Dispose());
}
