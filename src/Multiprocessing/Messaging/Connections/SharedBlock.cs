using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Memory of the sending process that holds the body of one long message at a time, and is used again for the next.</summary>
/// <remarks>
/// <para>
/// Who has the block is said by the kernel: with each message goes one end of a socket pair of its own, the lease. The receiver shuts it down to send when it
/// has the message, and closes it when it needs the bytes no longer. So the other end, which stays here, polls as nothing while the message is under way,
/// readable while somebody has it, and hung up as soon as nobody does, whether the view was disposed, the receiver was killed, the message was
/// destroyed with its socket, or this process never got to send it. A process that ends at any instruction leaves nothing that somebody would have to clean up.
/// (A pipe would do, but for the one byte that the receiver would have to write, which may raise SIGPIPE.)
/// </para>
/// <para>The file is sealed against shrinking, so that no receiver can take pages away from under a sender that writes, nor the other way round (that would be SIGBUS).</para>
/// </remarks>
internal sealed class SharedBlock : IDisposable
{
    private readonly SafeMappedMemoryHandle _mapping;
    private readonly BlockSender _owner;
    private SafeDescriptorHandle? _leaseEnd;
    private SafeDescriptorHandle? _lease;

    internal SharedBlock(BlockSender owner, ulong id, int capacity)
    {
        _owner = owner;
        Id = id;
        Capacity = capacity;
        File = Os.MemFdCreate("multiprocessing-message", MemFdFlags.AllowSealing);
        try
        {
            Os.Ftruncate(File, capacity);
            Os.AddSeals(File, SealFlags.Shrink | SealFlags.Grow | SealFlags.Seal);
            _mapping = Os.Mmap(File, capacity, MemoryProtection.Read | MemoryProtection.Write, MapFlags.Shared);
        }
        catch
        {
            File.Dispose();
            throw;
        }
    }

    /// <summary>By which receivers that have it mapped already know it again.</summary>
    internal ulong Id { get; }

    internal int Capacity { get; }

    internal SafeDescriptorHandle File { get; }

    internal Span<byte> Memory => _mapping.AsSpan();

    /// <summary>Goes along with the message.</summary>
    internal SafeDescriptorHandle Lease => _lease ?? throw new InvalidOperationException("The block is not being sent.");

    /// <summary>Whether the message waits to be received, or has not even been sent.</summary>
    internal bool IsUnderWay { get; private set; }

    /// <summary>Whether nobody has it.</summary>
    internal bool IsFree => _leaseEnd is null;

    /// <summary>Polls readable when the message is received, or hung up when it never will be.</summary>
    internal SafeDescriptorHandle LeaseEnd => _leaseEnd!;

    /// <summary>Whether the sender fills it or waits to send it.</summary>
    internal bool IsTaken => _lease is not null;

    /// <summary>Makes it the sender's to fill.</summary>
    internal void Take()
    {
        (_leaseEnd, _lease) = Os.SocketPair();
        IsUnderWay = true;
    }

    /// <summary>The sender is done with it. From now on the receiver alone has the lease, or nobody.</summary>
    internal void Return() => _owner.Return(this);

    /// <summary>Closes this process's copy of the lease; called by <see cref="BlockSender.Return"/>.</summary>
    internal void LetGo()
    {
        _lease?.Dispose();
        _lease = null;
    }

    /// <summary>Learns what has become of it.</summary>
    internal void Look(PollEvents events)
    {
        if (events.HasFlag(PollEvents.HangUp))
        {
            _leaseEnd!.Dispose();
            _leaseEnd = null;
            IsUnderWay = false;
        }
        else if (events.HasFlag(PollEvents.Readable))
        {
            IsUnderWay = false;
        }
    }

    public void Dispose()
    {
        _leaseEnd?.Dispose();
        LetGo();
        File.Dispose();
        _mapping.Dispose();
    }
}
