namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    private static readonly SafeDescriptorHandle s_noFile = new(-1, ownsHandle: false);

    /// <summary>Maps a file, or fresh memory. See mmap(2).</summary>
    /// <param name="file">The file, which may be closed afterwards; null with <see cref="MapFlags.Anonymous"/>.</param>
    /// <param name="length">How many bytes, above 0. The system maps whole pages.</param>
    /// <param name="protection">What may be done with them.</param>
    /// <param name="flags">Shared or Private, and more.</param>
    /// <param name="offset">Where in the file the mapping begins: a multiple of <see cref="GetPageSize"/>.</param>
    /// <returns>The mapping; only Dispose unmaps it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is not above 0, or the offset is negative.</exception>
    /// <exception cref="ArgumentException">There is neither a file nor Anonymous, or both.</exception>
    /// <exception cref="PosixException">EINVAL: the offset is no multiple, or neither Shared nor Private; EACCES, EPERM: the file does not allow it; ENOMEM; ENODEV.</exception>
    public static SafeMappedMemoryHandle Mmap(SafeDescriptorHandle? file, long length, MemoryProtection protection, MapFlags flags, long offset = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (file is null != flags.HasFlag(MapFlags.Anonymous))
        {
            throw new ArgumentException("A mapping is either of a file or Anonymous.", nameof(flags));
        }

        nint address = Libc.mmap(null, (nuint)length, (int)protection, (int)flags, file ?? s_noFile, offset);
        return address != -1 ? new SafeMappedMemoryHandle(address, length) : throw PosixException.Last("mmap");
    }

    /// <summary>Writes what was changed in a shared mapping back to its file. See msync(2).</summary>
    /// <param name="memory">The mapping.</param>
    /// <param name="flags">Whether to wait for it.</param>
    /// <param name="offset">Where to begin: a multiple of <see cref="GetPageSize"/>.</param>
    /// <param name="length">How many bytes; null: to the end.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not within the mapping.</exception>
    /// <exception cref="PosixException">EINVAL; EIO; EBUSY: Invalidate, and memory is locked.</exception>
    public static void Msync(SafeMappedMemoryHandle memory, MsyncFlags flags = MsyncFlags.Wait, long offset = 0, long? length = null)
    {
        using MappedRange range = new(memory, offset, length);
        Check("msync", Libc.msync(range.Address, range.Length, (int)flags));
    }

    /// <summary>Changes what may be done with memory. See mprotect(2).</summary>
    /// <param name="memory">The mapping.</param>
    /// <param name="protection">What may be done. Doing anything else raises SIGSEGV, which ends the process.</param>
    /// <param name="offset">Where to begin: a multiple of <see cref="GetPageSize"/>.</param>
    /// <param name="length">How many bytes; null: to the end.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not within the mapping.</exception>
    /// <exception cref="PosixException">EINVAL; EACCES: the file does not allow it; ENOMEM.</exception>
    public static void Mprotect(SafeMappedMemoryHandle memory, MemoryProtection protection, long offset = 0, long? length = null)
    {
        using MappedRange range = new(memory, offset, length);
        Check("mprotect", Libc.mprotect(range.Address, range.Length, (int)protection));
    }

    /// <summary>Tells the system how memory will be used. See madvise(2).</summary>
    /// <param name="memory">The mapping.</param>
    /// <param name="advice">How. DontNeed, Free and Remove throw contents away.</param>
    /// <param name="offset">Where to begin: a multiple of <see cref="GetPageSize"/>.</param>
    /// <param name="length">How many bytes; null: to the end.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not within the mapping.</exception>
    /// <exception cref="PosixException">EINVAL: not for this mapping, or not known to this kernel; ENOMEM; EIO.</exception>
    public static void Madvise(SafeMappedMemoryHandle memory, MemoryAdvice advice, long offset = 0, long? length = null)
    {
        using MappedRange range = new(memory, offset, length);
        int result;
        while ((result = Libc.madvise(range.Address, range.Length, (int)advice)) < 0 && Interrupted)
        {
        }

        Check("madvise", result);
    }

    /// <summary>Unmaps memory: the same as disposing it. See munmap(2).</summary>
    /// <param name="memory">The mapping. No span or reference into it may be used afterwards. Unmapped memory stays so; it is no error.</param>
    public static void Munmap(SafeMappedMemoryHandle memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        memory.Dispose();
    }

    /// <summary>The size of a page. See getpagesize(2).</summary>
    /// <returns>Bytes: 4,096 on x64; on arm64 also 16,384 or 65,536.</returns>
    public static int GetPageSize() => Libc.getpagesize();

    /// <summary>Makes a file as long as asked for; what is beyond is lost, what is new is 0. See ftruncate(2); a call that a signal interrupts is repeated.</summary>
    /// <param name="file">The file.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="PosixException">EINVAL: it is not opened to write, or no file; EFBIG; EPERM: it is sealed; EBADF.</exception>
    public static void Ftruncate(SafeDescriptorHandle file, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        int result;
        while ((result = Libc.ftruncate(file, length)) < 0 && Interrupted)
        {
        }

        Check("ftruncate", result);
    }

    /// <summary>Gives a part of a file its space, or takes it away. See fallocate(2); a call that a signal interrupts is repeated.</summary>
    /// <param name="file">The file.</param>
    /// <param name="mode">What to do. PunchHole needs KeepSize beside it.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="length">How many bytes, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative, or the length not above 0.</exception>
    /// <exception cref="PosixException">ENOSPC; EOPNOTSUPP: the file system cannot, or the mode is not valid; EPERM: it is sealed; EBADF: it is not opened to write.</exception>
    public static void Fallocate(SafeDescriptorHandle file, FallocateMode mode, long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        int result;
        while ((result = Libc.fallocate(file, (int)mode, offset, length)) < 0 && Interrupted)
        {
        }

        Check("fallocate", result);
    }

    /// <summary>A part of a mapping that cannot be unmapped meanwhile.</summary>
    private readonly ref struct MappedRange
    {
        private readonly SafeMappedMemoryHandle _memory;

        internal MappedRange(SafeMappedMemoryHandle memory, long offset, long? length)
        {
            ArgumentNullException.ThrowIfNull(memory);
            memory.RefuseOutside(offset, length ?? 0);
            bool added = false;
            memory.DangerousAddRef(ref added);
            _memory = memory;
            Address = memory.DangerousGetHandle() + (nint)offset;
            Length = (nuint)(length ?? (memory.Length - offset));
        }

        internal nint Address { get; }

        internal nuint Length { get; }

        public void Dispose() => _memory.DangerousRelease();
    }
}
