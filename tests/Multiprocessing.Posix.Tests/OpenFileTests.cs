using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class OpenFileTests
{
    private const int EPERM = 1;
    private const int EAGAIN = 11;
    private const int EBUSY = 16;
    private const int EINVAL = 22;

    [Fact]
    [Conformance(247)]
    public void Status_flags_can_be_given_read_and_changed()
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2(StatusFlags.NonBlocking | StatusFlags.Direct);
        using (read)
        using (write)
        {
            Assert.Equal(StatusFlags.NonBlocking, Os.GetStatusFlags(read)); // packets are the writer's affair
            Assert.Equal(StatusFlags.WriteOnly | StatusFlags.NonBlocking | StatusFlags.Direct, Os.GetStatusFlags(write));
            Assert.All([read, write], end => Assert.False(Os.GetInheritable(end)));
            Assert.Equal(EAGAIN, Assert.Throws<PosixException>(() => Os.Read(read, new byte[1])).Errno);

            // Packets: two writes are two reads.
            Os.Write(write, [1, 2]);
            Os.Write(write, [3]);
            byte[] buffer = new byte[10];
            Assert.Equal(2, Os.Read(read, buffer));
            Assert.Equal(1, Os.Read(read, buffer));

            Os.SetStatusFlags(read, StatusFlags.None);
            Assert.Equal(StatusFlags.None, Os.GetStatusFlags(read));
        }
    }

    [Fact]
    public void Every_flag_that_can_be_set_is_read_back_the_same()
    {
        string path = Path.GetTempFileName();
        try
        {
            using SafeDescriptorHandle file = Os.Open(path, 2);
            StatusFlags all = StatusFlags.Append | StatusFlags.NonBlocking | StatusFlags.NoAccessTime;
            Os.SetStatusFlags(file, all);
            Assert.Equal(StatusFlags.ReadWrite | all, Os.GetStatusFlags(file));
            Os.SetStatusFlags(file, StatusFlags.None);
            Assert.Equal(StatusFlags.ReadWrite, Os.GetStatusFlags(file));
            using SafeDescriptorHandle place = Os.Open(path, (int)StatusFlags.PathOnly);
            Assert.Equal(StatusFlags.PathOnly, Os.GetStatusFlags(place));
            using SafeDescriptorHandle careful = Os.Open(path, (int)(StatusFlags.WriteOnly | StatusFlags.DataSync));
            Assert.Equal(StatusFlags.WriteOnly | StatusFlags.DataSync, Os.GetStatusFlags(careful));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_owner_of_an_asynchronous_file_gets_its_signal()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        using (left)
        using (right)
        {
            int pid = Os.PosixSpawn("/bin/sleep", ["sleep", "1000"]);
            Os.SetOwner(left, new DescriptorOwner(OwnerType.Process, pid));
            Os.SetSignal(left, Signal.Kill);
            Os.SetStatusFlags(left, StatusFlags.Async);
            Assert.Equal(new DescriptorOwner(OwnerType.Process, pid), Os.GetOwner(left));
            Assert.Equal(Signal.Kill, Os.GetSignal(left));
            Assert.Equal(StatusFlags.ReadWrite | StatusFlags.Async, Os.GetStatusFlags(left));
            Os.Send(right, [1]);
            Assert.Equal(Signal.Kill, Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Status.TermSignal);
        }
    }

    [Fact]
    public void The_owner_may_be_a_thread_a_group_or_nobody()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        using (left)
        using (right)
        {
            Assert.Equal(0, Os.GetOwner(left).Id);
            Assert.Null(Os.GetSignal(left));
            int pid = Os.PosixSpawn("/bin/sleep", ["sleep", "1000"], options: new PosixSpawnOptions { ProcessGroup = 0 });
            Assert.All(
                [new DescriptorOwner(OwnerType.Thread, Os.GetTid()), new DescriptorOwner(OwnerType.ProcessGroup, pid), new DescriptorOwner(OwnerType.Process, pid)],
                owner =>
                {
                    Os.SetOwner(left, owner);
                    Assert.Equal(owner, Os.GetOwner(left));
                });
            Os.SetOwner(left, default);
            Assert.Equal(0, Os.GetOwner(left).Id);
            Os.Kill(pid, Signal.Kill);
            Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited);
            Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.SetSignal(left, new Signal(65))).Errno);
        }
    }

    [Fact]
    public void A_pipe_holds_what_it_was_set_to()
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2(StatusFlags.NonBlocking);
        using (read)
        using (write)
        {
            int page = Os.GetPageSize();
            Assert.Equal(page * 4, Os.SetPipeSize(write, (page * 3) + 1));
            Assert.Equal(page * 4, Os.GetPipeSize(read));
            Assert.Equal(page * 4, Os.Write(write, new byte[page * 8]));
            Assert.Equal(EBUSY, Assert.Throws<PosixException>(() => Os.SetPipeSize(read, page)).Errno);
            Assert.Throws<ArgumentOutOfRangeException>(() => Os.SetPipeSize(read, -1));
        }
    }

    [Fact]
    [Conformance(251)]
    public void A_memory_file_has_its_name_holds_what_is_written_and_is_not_inherited()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-größe");
        string path = $"/proc/self/fd/{file.Number}";
        Assert.Equal("/memfd:multiprocessing-größe (deleted)", new FileInfo(path).LinkTarget);
        Assert.Equal(3, Os.Write(file, [1, 2, 3]));
        Os.Lseek(file, 0, SeekOrigin.Begin);
        byte[] buffer = new byte[10];
        Assert.Equal(3, Os.Read(file, buffer));
        Assert.Equal([1, 2, 3], buffer[..3]);
        Assert.False(Os.GetInheritable(file));
        Assert.Equal(1, Os.WaitPid(Os.PosixSpawn("/bin/sh", ["sh", "-c", $"test -e {path}"])).Status.ToExitCode());
        Assert.Throws<ArgumentException>(() => Os.MemFdCreate("a\0b"));
    }

    [Fact]
    public void A_sealed_memory_file_can_not_be_changed_by_anyone()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-größe", MemFdFlags.AllowSealing);
        Assert.Equal("/memfd:multiprocessing-größe (deleted)", new FileInfo($"/proc/self/fd/{file.Number}").LinkTarget);
        Os.Write(file, [1, 2, 3]);
        Assert.Equal(SealFlags.None, Os.GetSeals(file));
        using (SafeMappedMemoryHandle mapped = Os.Mmap(file, 3, MemoryProtection.Read | MemoryProtection.Write, MapFlags.Shared))
        {
            Assert.Equal(EBUSY, Assert.Throws<PosixException>(() => Os.AddSeals(file, SealFlags.Write)).Errno);
        }

        Os.AddSeals(file, SealFlags.Shrink | SealFlags.Grow);
        Os.AddSeals(file, SealFlags.Write | SealFlags.FutureWrite | SealFlags.Seal);
        Assert.Equal(SealFlags.Seal | SealFlags.Shrink | SealFlags.Grow | SealFlags.Write | SealFlags.FutureWrite, Os.GetSeals(file));
        Assert.Equal(EPERM, Assert.Throws<PosixException>(() => Os.Write(file, [4])).Errno);
        Assert.Equal(EPERM, Assert.Throws<PosixException>(() => Os.Ftruncate(file, 1)).Errno);
        Assert.Equal(EPERM, Assert.Throws<PosixException>(() => Os.Ftruncate(file, 10)).Errno);
        Assert.Equal(EPERM, Assert.Throws<PosixException>(() => Os.AddSeals(file, SealFlags.Seal)).Errno);
    }

    [Fact]
    public void A_memory_file_that_did_not_ask_for_it_can_not_be_sealed()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Assert.Equal(SealFlags.Seal, Os.GetSeals(file));
        Assert.Equal(EPERM, Assert.Throws<PosixException>(() => Os.AddSeals(file, SealFlags.Write)).Errno);
    }

    [Fact]
    public void A_lock_of_an_open_file_keeps_other_open_files_out_until_it_is_let_go()
    {
        string path = Path.GetTempFileName();
        try
        {
            using SafeDescriptorHandle first = Os.Open(path, 2);
            using SafeDescriptorHandle second = Os.Open(path, 2);
            Assert.True(Os.LockFile(first, FileLock.Shared, 0, 10));
            Assert.True(Os.LockFile(second, FileLock.Shared, 5, 10));
            Assert.False(Os.LockFile(second, FileLock.Exclusive, 0, 1));
            Assert.True(Os.LockFile(second, FileLock.Exclusive, 10, 0));
            Assert.False(Os.LockFile(first, FileLock.Shared, 1_000_000, 1));

            bool released = false;
            Task<bool> waiter = Task.Run(() => Os.LockFile(second, FileLock.Exclusive, wait: true) && Volatile.Read(ref released));
            Volatile.Write(ref released, true);
            Assert.True(Os.LockFile(first, FileLock.Release));
            Assert.True(waiter.GetAwaiter().GetResult());

            using (SafeDescriptorHandle duplicate = Os.Dup(second))
            {
                second.Dispose();
                Assert.False(Os.LockFile(first, FileLock.Shared)); // the duplicate holds it
            }

            Assert.True(Os.LockFile(first, FileLock.Shared));
            Assert.Throws<ArgumentOutOfRangeException>(() => Os.LockFile(first, FileLock.Shared, -1));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
