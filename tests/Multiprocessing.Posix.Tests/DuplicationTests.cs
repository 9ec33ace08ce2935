using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class DuplicationTests
{
    private const int EBADF = 9;
    private const int EINVAL = 22;

    // Far above what the runtime opens.
    private const int Free = 600;

    private static readonly SafeDescriptorHandle s_bad = new(Free + 300, ownsHandle: false);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Conformance(248)]
    public void A_duplicate_is_the_same_open_file_and_inheritable_only_if_asked_for(bool inheritable)
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Os.Write(file, [1, 2, 3]);
        using SafeDescriptorHandle duplicate = Os.Dup(file, inheritable);
        using SafeDescriptorHandle second = new(Os.Dup2(file, Free, inheritable));
        using SafeDescriptorHandle third = new(Os.Dup3(file, Free + 1, inheritable));
        Assert.NotEqual(file.Number, duplicate.Number);
        Assert.Equal((Free, Free + 1), (second.Number, third.Number));
        Assert.All([duplicate, second, third], copy => Assert.Equal(inheritable, Os.GetInheritable(copy)));
        Assert.All([duplicate, second, third], copy => Assert.Equal(3, Os.Lseek(copy, 0, SeekOrigin.Current)));
        Assert.False(Os.GetInheritable(file));
    }

    [Fact]
    public void Duplicating_to_a_number_closes_what_was_there()
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        using (read)
        {
            using SafeDescriptorHandle onlyWriter = new(Os.Dup2(write, Free));
            write.Dispose();
            using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
            Assert.Equal(Free, Os.Dup2(file, Free));
            Assert.Equal(0, Os.Read(read, new byte[1])); // nobody writes any more
        }
    }

    [Fact]
    [Conformance(248)]
    public void Duplicating_a_bad_number_or_to_one_is_an_error()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.Dup(s_bad)).Errno);
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.Dup2(s_bad, Free)).Errno);
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.Dup2(s_bad, s_bad.Number)).Errno);
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.Dup2(file, -1)).Errno);
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.Dup2(file, int.MaxValue)).Errno);
        Assert.Equal("dup2: Bad file descriptor (EBADF)", Assert.Throws<PosixException>(() => Os.Dup2(file, -1)).Message);
        Assert.Equal("dup3: Bad file descriptor (EBADF)", Assert.Throws<PosixException>(() => Os.Dup3(file, -1)).Message);
    }

    [Fact]
    public void Duplicating_to_the_own_number_changes_nothing_by_dup2_and_is_an_error_by_dup3()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Assert.Equal(file.Number, Os.Dup2(file, file.Number, inheritable: true));
        Assert.False(Os.GetInheritable(file));
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.Dup3(file, file.Number)).Errno);
    }

    [Fact]
    [Conformance(246)]
    public void Inheritability_can_be_read_and_changed_and_decides_what_a_program_gets()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Assert.False(Os.GetInheritable(file));
        Assert.False(Gets());
        Os.SetInheritable(file, true);
        Assert.True(Os.GetInheritable(file));
        Assert.True(Gets());
        Os.SetInheritable(file, false);
        Assert.False(Os.GetInheritable(file));
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.GetInheritable(s_bad)).Errno);
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.SetInheritable(s_bad, true)).Errno);

        bool Gets()
        {
            int pid = Os.PosixSpawn("/bin/sh", ["sh", "-c", $"test -e /proc/self/fd/{file.Number}"]);
            return Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Status.ExitStatus == 0;
        }
    }

    [Fact]
    public void A_descriptor_can_be_closed_by_its_number_once()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Os.Dup2(file, Free);
        Os.Close(Free);
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.Close(Free)).Errno);
        Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.Close(-1)).Errno);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Conformance(249)]
    public void Closing_a_range_takes_its_ends_along_and_skips_what_is_not_open(bool oneByOne)
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        int[] numbers = [Free, Free + 1, Free + 3, Free + 4, Free + 5];
        Array.ForEach(numbers, number => Os.Dup2(file, number, inheritable: true));
        Close(Free + 1, Free + 4, CloseRangeFlags.CloseOnExec);
        Assert.Equal([true, false, false, false, true], numbers.Select(number => Os.GetInheritable(Borrow(number))));
        Close(Free + 1, Free + 4, CloseRangeFlags.None);
        Assert.Equal([true, false, false, false, true], numbers.Select(IsOpen));
        Close(Free, int.MaxValue, CloseRangeFlags.None);
        Assert.DoesNotContain(true, numbers.Select(IsOpen));
        Close(Free, int.MaxValue, CloseRangeFlags.None);
        Assert.True(IsOpen(file.Number));

        void Close(int first, int last, CloseRangeFlags flags)
        {
            if (oneByOne)
            {
                Os.CloseOneByOne(first, last, flags);
            }
            else
            {
                Os.CloseRange(first, last, flags);
            }
        }
    }

    [Fact]
    public void A_range_that_is_none_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.CloseRange(-1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.CloseRange(Free + 1, Free));
        Assert.Equal(EINVAL, Assert.Throws<PosixException>(() => Os.CloseRange(Free, Free, (CloseRangeFlags)64)).Errno);
    }

    [Fact]
    public void A_descriptor_of_another_process_can_be_taken_over()
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        using (read)
        {
            int pid = Os.PosixSpawn("/bin/sleep", ["sleep", "1000"], options: new PosixSpawnOptions { Descriptors = new Dictionary<int, int> { [9] = write.Number } });
            write.Dispose();
            using SafeDescriptorHandle process = Os.PidFdOpen(pid);
            using (SafeDescriptorHandle theirs = Os.PidFdGetFd(process, 9))
            {
                Assert.False(Os.GetInheritable(theirs));
                Os.Write(theirs, [7]);
                byte[] buffer = new byte[1];
                Assert.Equal(1, Os.Read(read, buffer));
                Assert.Equal(7, buffer[0]);
                Assert.Equal(EBADF, Assert.Throws<PosixException>(() => Os.PidFdGetFd(process, 8)).Errno);
            }

            Os.PidFdSendSignal(process, Signal.Kill);
            Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited);
            Assert.Equal(3, Assert.Throws<PosixException>(() => Os.PidFdGetFd(process, 9)).Errno);
        }
    }

    private static SafeDescriptorHandle Borrow(int number) => new(number, ownsHandle: false);

    private static bool IsOpen(int number) => Path.Exists($"/proc/self/fd/{number}") || new FileInfo($"/proc/self/fd/{number}").LinkTarget is not null;
}
