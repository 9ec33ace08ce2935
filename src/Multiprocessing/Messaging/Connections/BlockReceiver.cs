using System.Buffers;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The blocks of the other end's processes that this end has mapped.</summary>
/// <remarks>Mappings are kept, since the blocks are used again; what is kept idle is as much as a sender keeps (<see cref="BlockSender.MaximumFree"/>).</remarks>
internal sealed class BlockReceiver : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<MappedBlock> _blocks = []; // in the order of their last use
    private bool _isClosed;

#pragma warning disable MA0055 // mappings have no finalizer of their own; nothing points into those without a view
    ~BlockReceiver() => Dispose();
#pragma warning restore MA0055

    /// <summary>The body of a message from this process's own user, as it lies in its block.</summary>
    /// <param name="id">The block's.</param>
    /// <param name="length">The body's.</param>
    /// <param name="file">The block; taken over.</param>
    /// <param name="lease">Closed with the view; taken over.</param>
    /// <returns>A <see cref="BlockView"/>; a copy where the address space or the system's limit of mappings is exhausted.</returns>
    /// <exception cref="InvalidDataException">It is not what a sender of this library sends.</exception>
    internal IMemoryOwner<byte> Map(ulong id, int length, SafeDescriptorHandle file, SafeDescriptorHandle lease)
    {
        try
        {
            SayReceived(lease);
            lock (_gate)
            {
                MappedBlock? block = _blocks.Find(block => block.Id == id && block.Length >= length);
                if (block is null)
                {
                    block = new MappedBlock(id, Open(file, length));
                }
                else
                {
                    _blocks.Remove(block);
                }

                _blocks.Add(block);
                block.Users++;
                return new BlockView(this, block, length, lease);
            }
        }
        catch (PosixException exception) when (exception.Errno is Errno.ENOMEM or Errno.EAGAIN)
        {
            return Copy(length, file, lease);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
        finally
        {
            file.Dispose();
        }
    }

    /// <summary>
    /// The body of a message from somebody else, copied: in shared memory it could change while it is read. It is read by pread(2), and so is never mapped.
    /// </summary>
    /// <exception cref="InvalidDataException">It is not what a sender of this library sends.</exception>
    internal static IMemoryOwner<byte> Copy(int length, SafeDescriptorHandle file, SafeDescriptorHandle lease)
    {
        using (lease)
        using (file)
        {
            RefuseStrange(file, length);
            RefuseSparse(file, length);
            byte[] copy = GC.AllocateUninitializedArray<byte>(length);
            for (int done = 0; done < length;)
            {
                int count = Os.PRead(file, copy.AsSpan(done), done);
                done += count > 0 ? count : throw new InvalidDataException("The memory of a long message ends early. It is dropped.");
            }

            return new ArrayView(copy);
        }
    }

    /// <summary>Lets the idle mappings go: nobody will send any more.</summary>
    internal void Forget()
    {
        lock (_gate)
        {
            DropIdle(keep: 0);
        }
    }

    /// <summary>The views that are not disposed stay as they are.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            DropIdle(keep: 0);
        }

        GC.SuppressFinalize(this);
    }

    internal void Return(MappedBlock block)
    {
        lock (_gate)
        {
            block.Users--;
            DropIdle(_isClosed ? 0 : BlockSender.MaximumFree);
        }
    }

    private void DropIdle(long keep)
    {
        long idle = _blocks.Sum(block => block.Users == 0 ? block.Length : 0);
        for (int i = 0; idle > keep; i++)
        {
            if (_blocks[i].Users == 0)
            {
                idle -= _blocks[i].Length;
                _blocks[i].Mapping.Dispose();
                _blocks.RemoveAt(i--);
            }
        }
    }

    private static void SayReceived(SafeDescriptorHandle lease)
    {
        try
        {
            Os.Shutdown(lease, ShutdownHow.Send);
        }
        catch (PosixException)
        {
            // The sender is gone, and so nobody has to know.
        }
    }

    private static SafeMappedMemoryHandle Open(SafeDescriptorHandle file, int length) =>
        Os.Mmap(file, RefuseStrange(file, length), MemoryProtection.Read | MemoryProtection.Write, MapFlags.Shared);

    /// <summary>A file that is too short, or could become so, would end this process with SIGBUS.</summary>
    /// <returns>The file's length.</returns>
    private static long RefuseStrange(SafeDescriptorHandle file, int length)
    {
        try
        {
            long there = Os.GetSeals(file).HasFlag(SealFlags.Shrink) ? Os.Lseek(file, 0, SeekOrigin.End) : 0;
            return there >= length && there > 0 ? there : throw new InvalidDataException("The memory of a long message is too short for it, or could become so. It is dropped.");
        }
        catch (PosixException exception)
        {
            throw new InvalidDataException($"What came as the memory of a long message is none: {exception.Message}", exception);
        }
    }

    /// <summary>A sender of this library has written what it sends. A file without pages would cost its sender nothing, but this process as much memory as it is long.</summary>
    private static void RefuseSparse(SafeDescriptorHandle file, int length)
    {
        if (Os.GetAllocatedLength(file) < length)
        {
            throw new InvalidDataException("The memory of a long message has never been written. It is dropped.");
        }
    }

    internal sealed class MappedBlock(ulong id, SafeMappedMemoryHandle mapping)
    {
        internal ulong Id => id;

        internal SafeMappedMemoryHandle Mapping => mapping;

        internal long Length => mapping.Length;

        /// <summary>How many views show it. By the rules of leases at most one; a sender that breaks them gets two, not an access to unmapped memory.</summary>
        internal int Users { get; set; }
    }
}
