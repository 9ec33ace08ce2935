using System.Diagnostics;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class DescriptorTests
{
    [Fact]
    [Conformance(246, 247)]
    public void Every_descriptor_is_close_on_exec_from_birth()
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        (SafeDescriptorHandle master, SafeDescriptorHandle terminal) = Os.OpenPty();
        SafeDescriptorHandle[] all =
        [
            read, write, left, right, master, terminal, Os.MemFdCreate("test"), Os.EventFd(), Os.TimerFdCreate(), Os.EpollCreate(), Os.PidFdOpen(Os.GetPid()), Os.Open("/dev/null"), Os.Dup(read),
        ];
        Assert.All(all, descriptor => Assert.Equal(1, Os.Fcntl(descriptor, FcntlCommand.GetDescriptorFlags)));
        Array.ForEach(all, descriptor => descriptor.Dispose());
    }

    [Fact]
    public void Poll_lasts_its_time_and_returns_early_when_something_happens()
    {
        using SafeDescriptorHandle counter = Os.EventFd();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(PollEvents.None, Os.Poll(counter, PollEvents.Readable, TimeSpan.FromMilliseconds(150)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 150, 5_000);
        Os.Write(counter, BitConverter.GetBytes(1L));
        Assert.Equal(PollEvents.Readable, Os.Poll(counter, PollEvents.Readable));
    }

    [Fact]
    public void Epoll_gives_back_the_data_of_what_is_ready()
    {
        using SafeDescriptorHandle epoll = Os.EpollCreate();
        using SafeDescriptorHandle ready = Os.EventFd(1);
        using SafeDescriptorHandle idle = Os.EventFd();
        Os.EpollAdd(epoll, idle, PollEvents.Readable, 1);
        Os.EpollAdd(epoll, ready, PollEvents.Readable, long.MaxValue);
        Span<long> data = stackalloc long[4];
        Assert.Equal(1, Os.EpollWait(epoll, data));
        Assert.Equal(long.MaxValue, data[0]);
        Os.EpollRemove(epoll, ready);
        Assert.Equal(2, Assert.Throws<PosixException>(() => Os.EpollRemove(epoll, ready)).Errno);
    }

    [Fact]
    [Conformance(51)]
    public void A_pidfd_polls_readable_at_the_end_and_its_status_can_be_looked_at_before_it_is_taken()
    {
        int pid = Os.PosixSpawnp("sleep", ["sleep", "1000"]);
        using SafeDescriptorHandle process = Os.PidFdOpen(pid);
        Assert.Equal(PollEvents.None, Os.Poll(process, PollEvents.Readable, TimeSpan.Zero));
        Assert.Null(Os.WaitId(IdType.PidFd, process.Number, WaitIdOptions.Exited | WaitIdOptions.NoHang));
        Os.PidFdSendSignal(process, Signal.Term);
        Assert.NotEqual(PollEvents.None, Os.Poll(process, PollEvents.Readable, TimeSpan.FromSeconds(10)));
        WaitIdResult peeked = Os.WaitId(IdType.PidFd, process.Number, WaitIdOptions.Exited | WaitIdOptions.NoWait)!;
        WaitIdResult taken = Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!;
        Assert.Equal(peeked.Status, taken.Status);
        Assert.Equal(Signal.Term, taken.Status.TermSignal);
        Assert.Equal(pid, taken.Pid);
        Assert.True(taken.Usage.MaxResidentBytes > 0);
        Assert.Equal(3, Assert.Throws<PosixException>(() => Os.PidFdSendSignal(process, Signal.Term)).Errno);
        Assert.Equal(22, Assert.Throws<PosixException>(() => Os.PidFdOpen(-1)).Errno);
    }

    [Fact]
    public void A_send_to_a_peer_that_has_gone_is_an_error_and_no_signal()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        right.Dispose();
        Assert.Equal(32, Assert.Throws<PosixException>(() => Os.Send(left, [1])).Errno);
        Assert.Equal(0, Os.Receive(left, new byte[1]));
        left.Dispose();
    }
}
