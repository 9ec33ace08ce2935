using System.Runtime.CompilerServices;

namespace Multiprocessing.Posix.Tests;

public sealed class MemoryTests
{
    private const MemoryProtection ReadWrite = MemoryProtection.Read | MemoryProtection.Write;
    private const SeekOrigin Hole = (SeekOrigin)4; // SEEK_HOLE
    private const int EINVAL = 22;

    private static readonly int s_page = Os.GetPageSize();

    [Fact]
    public void A_page_is_as_large_as_the_runtime_says() => Assert.Equal(Environment.SystemPageSize, Os.GetPageSize());

    [Fact]
    public void Shared_mappings_of_a_file_are_one_memory_and_private_ones_are_copies()
    {
        SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Os.Ftruncate(file, s_page * 3);
        using SafeMappedMemoryHandle whole = Os.Mmap(file, s_page * 3, ReadWrite, MapFlags.Shared);
        using SafeMappedMemoryHandle last = Os.Mmap(file, 10, ReadWrite, MapFlags.Shared, offset: s_page * 2);
        using SafeMappedMemoryHandle copy = Os.Mmap(file, s_page, ReadWrite, MapFlags.Private);
        file.Dispose(); // the mappings stay
        whole.AsSpan()[0] = 1;
        whole.At<int>(s_page * 2) = 0x01020304;
        Assert.Equal([4, 3, 2, 1], last.AsSpan(0, 4).ToArray());
        copy.At<long>(8) = 7;
        Assert.Equal(0, whole.At<long>(8));
        Assert.Equal((s_page * 3, 10), (whole.AsSpan().Length, last.Length));
        Assert.NotEqual(whole.Address, copy.Address);
    }

    [Fact]
    public void Fresh_memory_is_zero_and_its_protection_can_be_changed()
    {
        using SafeMappedMemoryHandle memory = Os.Mmap(null, s_page * 2, MemoryProtection.None, MapFlags.Private | MapFlags.Anonymous | MapFlags.NoReserve);
        Assert.Equal("---p", PermissionsOf(memory));
        Os.Mprotect(memory, ReadWrite);
        Assert.Equal("rw-p", PermissionsOf(memory));
        Assert.Equal(-1, memory.AsSpan().IndexOfAnyExcept((byte)0));
        memory.AsSpan().Fill(1);
        Os.Mprotect(memory, MemoryProtection.Read, length: s_page);
        Assert.Equal("r--p", PermissionsOf(memory));
        memory.At<byte>(s_page) = 2;
        Os.Mprotect(memory, ReadWrite);
        Os.Madvise(memory, MemoryAdvice.DontNeed, s_page);
        Assert.Equal((1, 0), (memory.At<byte>(0), memory.At<byte>(s_page)));
        Os.Madvise(memory, MemoryAdvice.DontFork);
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.Mprotect(memory, ReadWrite, offset: 1)).Errno);
    }

    [Fact]
    public void Advice_that_the_kernel_does_not_know_is_an_error()
    {
        using SafeMappedMemoryHandle memory = Os.Mmap(null, s_page, ReadWrite, MapFlags.Private | MapFlags.Anonymous);
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.Madvise(memory, (MemoryAdvice)9999)).Errno);
    }

    [Fact]
    public void What_is_written_to_a_mapping_is_in_the_file()
    {
        string path = Path.GetTempFileName();
        try
        {
            using SafeDescriptorHandle file = Os.Open(path, 2);
            Os.Fallocate(file, FallocateMode.None, 0, 5);
            using SafeMappedMemoryHandle memory = Os.Mmap(file, 5, ReadWrite, MapFlags.Shared | MapFlags.Populate);
            "hello"u8.CopyTo(memory.AsSpan());
            Os.Msync(memory);
            Os.Msync(memory, MsyncFlags.NoWait, 0, 5);
            Assert.Equal("hello", File.ReadAllText(path));
            Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.Msync(memory, MsyncFlags.Wait | MsyncFlags.NoWait)).Errno);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_part_of_a_file_can_be_given_back_and_reads_as_zero()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Os.Fallocate(file, FallocateMode.None, 0, s_page * 3);
        using SafeMappedMemoryHandle memory = Os.Mmap(file, s_page * 3, ReadWrite, MapFlags.Shared);
        memory.AsSpan().Fill(1);
        Assert.Equal(s_page * 3, Os.Lseek(file, 0, Hole)); // none but the end
        Os.Fallocate(file, FallocateMode.PunchHole | FallocateMode.KeepSize, s_page, s_page);
        Assert.Equal(s_page, Os.Lseek(file, 0, Hole));
        Assert.Equal(s_page * 3, Os.Lseek(file, 0, SeekOrigin.End));
        Assert.Equal((1, 0, 1), (memory.At<byte>(s_page - 1), memory.At<byte>(s_page), memory.At<byte>(s_page * 2)));
        Os.Fallocate(file, FallocateMode.KeepSize, s_page * 3, s_page);
        Assert.Equal(s_page * 3, Os.Lseek(file, 0, SeekOrigin.End));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.Fallocate(file, FallocateMode.None, -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.Fallocate(file, FallocateMode.None, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.Ftruncate(file, -1));
    }

    [Fact]
    public void A_mapping_is_unmapped_by_dispose_and_cannot_be_used_any_more()
    {
        SafeMappedMemoryHandle memory = Os.Mmap(null, s_page, ReadWrite, MapFlags.Private | MapFlags.Anonymous);
        Os.Mprotect(memory, MemoryProtection.Read); // so that it is a line of its own
        nint address = memory.Address;
        Assert.True(IsMapped(address));
        Os.Munmap(memory);
        Assert.False(IsMapped(address));
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Address);
        Assert.Throws<ObjectDisposedException>(() => memory.AsSpan()[0]);
        Assert.Throws<ObjectDisposedException>(() => memory.At<int>(0));
        Assert.Throws<ObjectDisposedException>(() => Os.Msync(memory));
    }

    [Fact]
    public void A_mapping_that_is_dropped_stays_so_that_a_span_into_it_stays_good()
    {
        nint address = Drop();
        for (int round = 0; round < 3; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.True(IsMapped(address));
        Assert.Equal(0, Libc.munmap(address, (nuint)s_page));
        Assert.False(IsMapped(address));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static nint Drop()
        {
            SafeMappedMemoryHandle dropped = Os.Mmap(null, s_page, MemoryProtection.Read, MapFlags.Private | MapFlags.Anonymous);
            return dropped.Address;
        }
    }

    [Fact]
    public void What_is_not_within_the_mapping_is_refused()
    {
        using SafeMappedMemoryHandle memory = Os.Mmap(null, 100, ReadWrite, MapFlags.Private | MapFlags.Anonymous);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.AsSpan(0, 101));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.AsSpan(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.At<long>(93));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.At<long>(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.Msync(memory, MsyncFlags.Wait, 0, 101));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.Madvise(memory, MemoryAdvice.DontNeed, 101));
        Assert.Equal(1, memory.At<long>(92) + 1);
        Assert.Equal(0, memory.AsSpan(100, 0).Length);
    }

    [Fact]
    public void A_mapping_that_makes_no_sense_is_refused()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.Mmap(file, 0, ReadWrite, MapFlags.Shared));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.Mmap(file, 1, ReadWrite, MapFlags.Shared, -1));
        Assert.Throws<ArgumentException>(() => Os.Mmap(null, 1, ReadWrite, MapFlags.Shared));
        Assert.Throws<ArgumentException>(() => Os.Mmap(file, 1, ReadWrite, MapFlags.Shared | MapFlags.Anonymous));
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.Mmap(file, 1, ReadWrite, MapFlags.None)).Errno);
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.Mmap(file, 1, ReadWrite, MapFlags.Shared, 1)).Errno);
        using SafeDescriptorHandle readOnly = Os.Open("/proc/self/exe");
        Assert.Equal(13, Assert.Throws<PosixException>(() => Os.Mmap(readOnly, 1, ReadWrite, MapFlags.Shared)).Errno);
    }

    private static bool IsMapped(nint address) => LineOf(address) is not null;

    private static string PermissionsOf(SafeMappedMemoryHandle memory) => LineOf(memory.Address)!.Split(' ')[1];

    private static string? LineOf(nint address) => File.ReadLines("/proc/self/maps").FirstOrDefault(line =>
    {
        string[] range = line[..line.IndexOf(' ')].Split('-');
        return Convert.ToInt64(range[0], 16) <= address && address < Convert.ToInt64(range[1], 16);
    });
}
