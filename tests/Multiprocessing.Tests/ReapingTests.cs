using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>The library takes a child's status when somebody asks about the child, not before, and no other child's ever.</summary>
public sealed class ReapingTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("Join")]
    [InlineData("Join without waiting")]
    [InlineData("IsAlive")]
    [InlineData("ExitCode")]
    [InlineData("ExitStatus")]
    [InlineData("WaitForExitAsync")]
    [InlineData("the result")]
    [InlineData("ActiveChildren")]
    [InlineData("Close")]
    [InlineData("the next start")]
    [InlineData("the next call")]
    [Conformance(8)]
    public async Task A_child_that_has_ended_stays_a_zombie_until_somebody_asks(string question)
    {
        using ChildProcess<int> child = ChildProcess.Start(() => 42);
        int pid = child.Pid!.Value;
        WaitForEnd(child);

        // None of these is a question.
        _ = (child.Name, child.Daemon, child.Pid, child.ToString(), child.StandardOutput, child.Sentinel);
        child.Terminate();
        using (ChildProcess unstarted = new(() => { }))
        {
            Assert.False(unstarted.IsAlive);
        }

        Assert.Equal(ProcessState.Zombie, ProcessInfo.Of(pid).State);
        switch (question)
        {
            case "Join": Assert.True(child.Join()); break;
            case "Join without waiting": Assert.True(child.Join(TimeSpan.Zero)); break;
            case "IsAlive": Assert.False(child.IsAlive); break;
            case "ExitCode": Assert.Equal(0, child.ExitCode); break;
            case "ExitStatus": Assert.Equal(StopReason.Exited, child.ExitStatus!.Reason); break;
            case "WaitForExitAsync": await child.WaitForExitAsync(TestContext.Current.CancellationToken); break;
            case "the result": Assert.Equal(42, await child.Result); break;
            case "ActiveChildren": Assert.Empty(ChildProcess.ActiveChildren); break;
            case "Close": child.Close(); break;
            case "the next start":
                using (ChildProcess next = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite)))
                {
                    Assert.False(Directory.Exists($"/proc/{pid}"));
                }

                break;
            case "the next call": await ChildProcess.RunAsync(() => { }, TestContext.Current.CancellationToken); break;
            default: throw new ArgumentException(question);
        }

        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task Wait_sees_a_child_that_nobody_has_asked_about_though_its_result_has_come()
    {
        using ChildProcess<int> child = ChildProcess.Start(() => 42);
        WaitForEnd(child);
        Assert.Equal((child.Pid!.Value, new WaitStatus(0)), Os.Wait());
        Assert.Equal(42, await child.Result);
    }

    [Fact]
    public void Peeking_disturbs_nobody()
    {
        using ChildProcess child = ChildProcess.Start(() => ProcessExit.Exit(7));
        int pid = child.Pid!.Value;
        for (int i = 0; i < 3; i++)
        {
            WaitIdResult? seen = Os.WaitId(i == 0 ? IdType.Any : IdType.Pid, i == 0 ? 0 : pid, WaitIdOptions.Exited | WaitIdOptions.NoWait);
            Assert.Equal((pid, 7), (seen!.Pid, seen.Status.ToExitCode()));
        }

        Assert.Equal(7, child.ExitCode);
        Assert.Throws<NoChildProcessException>(() => Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited | WaitIdOptions.NoWait));
    }

    [Fact]
    public async Task Children_that_others_started_are_left_to_them()
    {
        int other = Os.PosixSpawn("/bin/sh", ["sh", "-c", "exit 5"]);
        using (SafeDescriptorHandle end = Os.PidFdOpen(other))
        {
            Assert.NotEqual(PollEvents.None, Os.Poll(end, PollEvents.Readable, s_soon));
        }

        // Each of these looks whether a child has ended, and this one has.
        using ChildProcess child = ChildProcess.Start(() => { });
        child.Join();
        Assert.Empty(ChildProcess.ActiveChildren);
        Assert.Equal(42, await ChildProcess.RunAsync(() => 42, TestContext.Current.CancellationToken));
        Assert.Equal(ProcessState.Zombie, ProcessInfo.Of(other).State);
        (int pid, WaitStatus status) = Os.WaitPid(other);
        Assert.Equal((other, 5), (pid, status.ToExitCode()));
    }

    [Fact]
    [Conformance(8)]
    public void ActiveChildren_lists_those_that_run_and_reaps_all_that_have_ended()
    {
        ChildProcess[] ended = [.. Enumerable.Range(0, 5).Select(_ => ChildProcess.Start(() => { }))];
        using ChildProcess running = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
        Array.ForEach(ended, WaitForEnd);
        Assert.Equal([running], ChildProcess.ActiveChildren);
        Assert.All(ended, child => Assert.False(Directory.Exists($"/proc/{child.Pid}")));
        Array.ForEach(ended, child => child.Close());
    }

    private static void WaitForEnd(ChildProcess child) =>
        Assert.NotEqual(PollEvents.None, Os.Poll((SafeDescriptorHandle)child.Sentinel, PollEvents.Readable, s_soon));
}
