using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class ProcessGroupTests
{
    private const int NoSuchPid = int.MaxValue;

    [Fact]
    public void Group_and_session_are_those_in_the_kernels_records()
    {
        int pid = Os.GetPid();
        Assert.Equal(WaitingChild.StatNumber(pid, 5), Os.GetPgrp());
        Assert.Equal(Os.GetPgrp(), Os.GetPgid());
        Assert.Equal(Os.GetPgrp(), Os.GetPgid(pid));
        Assert.Equal(WaitingChild.StatNumber(pid, 6), Os.GetSid());
        Assert.Equal(Os.GetSid(), Os.GetSid(pid));
    }

    [Fact]
    [Conformance(66)]
    public void A_child_in_a_new_session_leads_it_and_a_group()
    {
        using WaitingChild child = new(new PosixSpawnOptions { NewSession = true });
        Assert.Equal(child.Pid, Os.GetSid(child.Pid));
        Assert.Equal(child.Pid, Os.GetPgid(child.Pid));
    }

    [Fact]
    [Conformance(66)]
    public void A_child_in_a_group_is_in_it_and_in_the_callers_session()
    {
        using WaitingChild leader = new(new PosixSpawnOptions { ProcessGroup = 0 });
        using WaitingChild member = new(new PosixSpawnOptions { ProcessGroup = leader.Pid });
        Assert.Equal(leader.Pid, Os.GetPgid(leader.Pid));
        Assert.Equal(leader.Pid, Os.GetPgid(member.Pid));
        Assert.Equal(Os.GetSid(), Os.GetSid(member.Pid));
    }

    [Fact]
    public void What_the_system_refuses_is_an_error_with_its_number()
    {
        Assert.Equal("getpgid: No such process (ESRCH)", Assert.Throws<PosixException>(() => Os.GetPgid(NoSuchPid)).Message);
        Assert.Equal(Errno.ESRCH, Assert.Throws<PosixException>(() => Os.GetSid(NoSuchPid)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Os.SetPgid(0, -1)).Errno);
        Assert.Equal(Errno.EPERM, Assert.Throws<PosixException>(() => new WaitingChild(new PosixSpawnOptions { NewSession = true, ProcessGroup = 0 })).Errno); // a leader stays
        using WaitingChild child = new();
        Assert.Equal(Errno.EACCES, Assert.Throws<PosixException>(() => Os.SetPgid(child.Pid, child.Pid)).Errno); // it has executed a program
    }
}
