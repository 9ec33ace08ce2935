using System.Numerics;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The blocks in which this process sends the long messages of one connection.</summary>
/// <remarks>
/// Fresh pages cost six times what copying into used ones does, so blocks are kept, and so are the receivers' mappings of them (<see cref="BlockReceiver"/>). A message waits for no
/// other unless more than <see cref="MaximumUnderWay"/> bytes are unreceived. What receivers have and keep does not count: a view may be kept as long as one likes.
/// There is a bound all the same, <see cref="MaximumKept"/>: of a socket pair nobody knows who is at the other end, which may be another user's process that means ill.
/// </remarks>
/// <param name="mayHoard">Whether the other end may keep that much; if not, because it is known to be another user's, what it keeps counts like what it has not received.</param>
internal sealed class BlockSender(bool mayHoard) : IDisposable
{
    /// <summary>
    /// How many bytes may be sent and not received, beyond the first message. More would not be faster, but slower: of very long messages one is under way while another is
    /// looked at, which takes two blocks; a third would have to get fresh pages.
    /// </summary>
    internal const int MaximumUnderWay = 64 << 20;

    /// <summary>How many bytes receivers may keep, beyond one message.</summary>
    internal const long MaximumKept = 4L << 30;

    /// <summary>How many messages they may keep: each costs this process two descriptors.</summary>
    internal const int MostKept = 1024;

    /// <summary>How many bytes of free blocks are kept.</summary>
    internal const int MaximumFree = 160 << 20;

    /// <summary>The kernel counts descriptors that are under way; each message has two.</summary>
    private const int MostUnderWay = 64;

    private const int SmallestBlock = 128 << 10;
    private const int MostAtOnce = 128;

    private readonly Lock _gate = new();
    private readonly List<SharedBlock> _blocks = []; // in the order of their last use
    private SafeDescriptorHandle? _anyEnd;
    private int _process;
    private bool _isClosed;

#pragma warning disable MA0055 // mappings have no finalizer of their own; nothing points into these when nobody has this object any more
    ~BlockSender() => Dispose();
#pragma warning restore MA0055

    /// <returns>Null when the message must wait; <paramref name="pending"/> says what for.</returns>
    /// <exception cref="PosixException">There is no memory for it, or there are no more descriptors.</exception>
    internal SharedBlock? TryTake(int length, ref PendingSend pending)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(Connection));
            ForgetThoseOfTheParent();
            LookAtAll();
            if (MustWait(length, ref pending))
            {
                return null;
            }

            SharedBlock? best = BestOf(length);
            if (best is null)
            {
                best = new SharedBlock(this, NewId(), CapacityFor(length));
            }
            else
            {
                _blocks.Remove(best);
            }

            _blocks.Add(best);
            best.Take(); // if this fails for want of descriptors, it stays among the free ones
            DropSpare();
            return best;
        }
    }

    /// <summary>The sender is done with a block that it took: its message is on its way, or will never be sent.</summary>
    internal void Return(SharedBlock block)
    {
        lock (_gate)
        {
            block.LetGo();
            if (_isClosed)
            {
                block.Dispose();
            }
        }
    }

    /// <summary>What is under way or received stays readable: the kernel keeps the memory until its last user is gone.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            DisposeAll(evenTaken: _process != Environment.ProcessId);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>After an Os.Fork the blocks are the parent's, which goes on using them; the child has copies of their descriptors only.</summary>
    private void ForgetThoseOfTheParent()
    {
        if (_process != Environment.ProcessId)
        {
            DisposeAll(evenTaken: true);
            _process = Environment.ProcessId;
        }
    }

    /// <summary>One that another thread is filling goes when it is returned.</summary>
    private void DisposeAll(bool evenTaken)
    {
        foreach (SharedBlock block in _blocks)
        {
            if (evenTaken || !block.IsTaken)
            {
                block.Dispose();
            }
        }

        _blocks.Clear();
        _anyEnd?.Dispose();
        _anyEnd = null;
    }

    private void LookAtAll()
    {
        Span<PollDescriptor> ends = _blocks.Count <= MostAtOnce ? stackalloc PollDescriptor[_blocks.Count] : new PollDescriptor[_blocks.Count];
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i] = new PollDescriptor(_blocks[i].IsFree ? -1 : _blocks[i].LeaseEnd.Number, PollEvents.Readable);
        }

        if (Os.Poll(ends, TimeSpan.Zero) > 0)
        {
            for (int i = 0; i < ends.Length; i++)
            {
                _blocks[i].Look(ends[i].Returned);
            }
        }
    }

    /// <summary>The smallest free one that is large enough.</summary>
    private SharedBlock? BestOf(int length)
    {
        SharedBlock? best = null;
        foreach (SharedBlock block in _blocks)
        {
            best = block.IsFree && block.Capacity >= length && (best is null || block.Capacity < best.Capacity) ? block : best;
        }

        return best;
    }

    private bool MustWait(int length, ref PendingSend pending)
    {
        long underWay = 0;
        long kept = 0;
        int underWayCount = 0;
        int keptCount = 0;
        SharedBlock? oldest = null;
        foreach (SharedBlock block in _blocks)
        {
            if (block.IsUnderWay)
            {
                underWay += block.Capacity;
                underWayCount++;
                oldest ??= block;
            }
            else if (!block.IsFree)
            {
                kept += block.Capacity;
                keptCount++;
            }
        }

        bool mustWaitForAny = keptCount > 0 && (mayHoard
            ? kept + length > MaximumKept || keptCount >= MostKept
            : underWay + kept + length > MaximumUnderWay || underWayCount + keptCount >= MostUnderWay);
        if (mustWaitForAny)
        {
            pending.Descriptor = CollectEnds();
            pending.Events = PollEvents.Readable;
            return true;
        }

        if (oldest is null || (underWay + length <= MaximumUnderWay && underWayCount < MostUnderWay))
        {
            return false;
        }

        pending.Descriptor = oldest.LeaseEnd;
        pending.Events = PollEvents.Readable;
        return true;
    }

    /// <summary>
    /// An epoll descriptor that is readable when a message has been received, or is kept no longer: receivers may free them in any order. A new one each time, since a copy of a lease's end
    /// in a fork's child would hold its place in the old one; whoever waits for that tries again at most once too often.
    /// </summary>
    private SafeDescriptorHandle CollectEnds()
    {
        SafeDescriptorHandle epoll = Os.EpollCreate();
        try
        {
            foreach (SharedBlock block in _blocks)
            {
                if (!block.IsFree)
                {
                    Os.EpollAdd(epoll, block.LeaseEnd, block.IsUnderWay ? PollEvents.Readable : PollEvents.None, 0); // a hang-up always counts
                }
            }
        }
        catch
        {
            epoll.Dispose();
            throw;
        }

        _anyEnd?.Dispose();
        _anyEnd = epoll;
        return epoll;
    }

    private void DropSpare()
    {
        long free = _blocks.Sum(block => block.IsFree ? (long)block.Capacity : 0);
        for (int i = 0; free > MaximumFree; i++)
        {
            if (_blocks[i].IsFree)
            {
                free -= _blocks[i].Capacity;
                _blocks[i].Dispose();
                _blocks.RemoveAt(i--);
            }
        }
    }

    /// <summary>Rounded up a little, so that messages of nearly the same length share blocks.</summary>
    private static int CapacityFor(int length)
    {
        int step = Math.Max(SmallestBlock, 1 << Math.Max(0, BitOperations.Log2((uint)length) - 4));
        long rounded = ((long)length + step - 1) / step * step;
        return rounded <= Array.MaxLength ? (int)rounded : length;
    }

    private static ulong NewId()
    {
        ulong id = 0;
        Os.GetRandom(MemoryMarshal.AsBytes(new Span<ulong>(ref id)));
        return id;
    }
}
