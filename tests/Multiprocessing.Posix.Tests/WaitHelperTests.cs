using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

/// <summary>Children that the library started for itself, such as a fork server, must not change what user code's waits do.</summary>
public sealed class WaitHelperTests
{
    [Fact]
    [Conformance(47)]
    public void When_only_helpers_are_left_there_is_no_child()
    {
        using Helper helper = new();
        AssertNoChild();
        using Helper second = new();
        AssertNoChild();

        int child = WaitTests.Shell("exit 3");
        Assert.Equal((child, new WaitStatus(0x300)), Os.Wait());
        AssertNoChild();
        Assert.True(helper.IsRunning && second.IsRunning);

        static void AssertNoChild()
        {
            Action[] waits =
            [
                () => Os.Wait(),
                () => Os.WaitPid(-1), () => Os.WaitPid(-1, WaitOptions.NoHang), () => Os.WaitPid(0), () => Os.WaitPid(0, WaitOptions.NoHang), () => Os.WaitPid(-Os.GetPgrp()),
                () => Os.Wait3(), () => Os.Wait3(WaitOptions.NoHang | WaitOptions.Untraced), () => Os.Wait4(-1), () => Os.Wait4(0, WaitOptions.NoHang),
                () => Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited), () => Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoHang),
                () => Os.WaitId(IdType.ProcessGroup, 0, WaitIdOptions.Exited), () => Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoWait | WaitIdOptions.NoHang),
            ];
            Assert.All(waits, wait => Assert.Throws<NoChildProcessException>(wait));
        }
    }

    [Fact]
    public void A_child_of_another_group_does_not_make_a_wait_for_the_helpers_group_hang()
    {
        using Helper helper = new();
        int child = WaitTests.Shell("exec sleep 100", new PosixSpawnOptions { ProcessGroup = 0 });
        Assert.Throws<NoChildProcessException>(() => Os.WaitPid(0));
        Assert.Throws<NoChildProcessException>(() => Os.WaitPid(-Os.GetPgrp(), WaitOptions.NoHang));
        Assert.Equal(0, Os.WaitPid(-child, WaitOptions.NoHang).Pid);
        Os.Kill(child, Signal.Kill);
        Assert.Equal(child, Os.WaitPid(-child).Pid);
    }

    [Fact]
    public void A_helper_that_ends_is_passed_over_and_its_end_is_kept_for_its_owner()
    {
        using WaitingChild other = new();
        using Helper helper = new("exit 5");
        helper.WaitForEnd();
        Assert.Equal(0, Os.WaitPid(-1, WaitOptions.NoHang).Pid);
        Assert.Equal(helper.Child.Pid, helper.Child.Taken?.Pid);
        Assert.Equal(0x500, helper.Child.Taken?.Status.Value);
        Assert.True(helper.Child.Taken?.Usage.MaxResidentBytes > 0);
        Assert.False(ReapedChildren.HasHelpers);
    }

    [Fact]
    public void A_helper_that_has_ended_is_no_child_either()
    {
        using Helper helper = new("exit 5");
        helper.WaitForEnd();
        Assert.Throws<NoChildProcessException>(() => Os.Wait());
        Assert.Throws<NoChildProcessException>(() => Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoHang | WaitIdOptions.NoWait));
    }

    [Fact]
    public void A_helper_that_ends_while_user_code_waits_does_not_end_the_wait()
    {
        using Helper helper = new();
        int child = WaitTests.Shell("exec sleep 100");
        (int, WaitStatus) ended = default;
        Thread waiter = new(() => ended = Os.Wait());
        waiter.Start();
        helper.End();
        WaitTests.Until(() => helper.Child.Taken is not null); // by the wait, which goes on
        Assert.Equal(-9, helper.Child.Taken!.Status.ToExitCode());
        Assert.True(waiter.IsAlive);
        Os.Kill(child, Signal.Term);
        Assert.True(waiter.Join(TimeSpan.FromSeconds(10)));
        Assert.Equal((child, new WaitStatus(15)), ended);
    }

    [Fact]
    public void A_helper_that_stops_or_goes_on_is_not_reported_but_others_are()
    {
        using Helper helper = new();
        int child = WaitTests.Shell("exec sleep 100");
        const WaitOptions All = WaitOptions.NoHang | WaitOptions.Untraced | WaitOptions.Continued;
        const WaitIdOptions StopsLeft = WaitIdOptions.Stopped | WaitIdOptions.NoWait;
        Os.Kill(helper.Child.Pid, Signal.Stop);
        Os.WaitId(IdType.Pid, helper.Child.Pid, StopsLeft);
        Assert.Equal(0, Os.WaitPid(-1, All).Pid);
        Os.Kill(helper.Child.Pid, Signal.Cont);
        Os.WaitId(IdType.Pid, helper.Child.Pid, WaitIdOptions.Continued | WaitIdOptions.NoWait);
        Assert.Null(Os.WaitId(IdType.ProcessGroup, 0, WaitIdOptions.Continued | WaitIdOptions.NoHang | WaitIdOptions.NoWait));

        Os.Kill(helper.Child.Pid, Signal.Stop);
        Os.WaitId(IdType.Pid, helper.Child.Pid, StopsLeft);
        Os.Kill(child, Signal.Stop);
        Assert.Equal((child, new WaitStatus(0x137F)), Os.WaitPid(-1, WaitOptions.Untraced));
        Os.Kill(child, Signal.Kill);
        Assert.Equal((child, new WaitStatus(9)), Os.WaitPid(0, WaitOptions.Untraced));
        Assert.Null(helper.Child.Taken);
    }

    [Fact]
    public void A_look_that_leaves_children_waitable_sees_past_a_helper_that_has_ended()
    {
        using Helper helper = new("exit 5");
        helper.WaitForEnd();
        int child = WaitTests.Shell("exit 6");
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(child, Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoWait)!.Pid);
        }

        Assert.Equal(child, Os.Wait().Pid);
        Assert.Equal(5, helper.Child.Taken?.Status.ToExitCode());
    }

    [Fact]
    public void A_helper_can_be_waited_for_by_its_number()
    {
        using Helper helper = new("exit 5");
        Assert.Equal((helper.Child.Pid, new WaitStatus(0x500)), Os.WaitPid(helper.Child.Pid));
        Assert.Equal(0x500, helper.Child.Taken?.Status.Value);
    }

    [Fact]
    public void A_watched_child_that_is_no_helper_is_reported_and_its_end_is_kept_too()
    {
        WatchedChild watched = ReapedChildren.Start(() => WaitTests.Shell("kill -STOP $$; exit 4"));
        Assert.Equal(0x137F, Os.WaitPid(-1, WaitOptions.Untraced).Status.Value);
        Assert.Null(watched.Taken); // it goes on
        Os.Kill(watched.Pid, Signal.Cont);
        Assert.Equal(watched.Pid, Os.Wait().Pid);
        Assert.Equal(4, watched.Taken?.Status.ToExitCode());
    }

    [Fact]
    public void What_was_given_up_is_not_watched_any_more()
    {
        WatchedChild watched = ReapedChildren.Start(() => WaitTests.Shell("exit 4"), isHelper: true);
        ReapedChildren.Forget(watched);
        Assert.False(ReapedChildren.HasHelpers);
        Assert.Equal(watched.Pid, Os.Wait().Pid);
        Assert.Null(watched.Taken);
    }

    [Fact]
    public void Several_threads_that_wait_for_any_child_all_come_back_when_only_helpers_are_left()
    {
        using Helper helper = new();
        for (int round = 0; round < 100; round++)
        {
            int child = WaitTests.Shell("exec sleep 100");
            int reported = 0;
            Thread[] waiters = [.. Enumerable.Range(0, 3).Select(i => new Thread(() =>
            {
                try
                {
                    Assert.Equal(child, (i == 0 ? Os.WaitPid(child) : Os.Wait()).Pid);
                    Interlocked.Increment(ref reported);
                }
                catch (NoChildProcessException)
                {
                }
            }))];
            Array.ForEach(waiters, w => w.Start());
            Os.Kill(child, Signal.Kill);
            bool[] back = [.. waiters.Select(w => w.Join(TimeSpan.FromSeconds(5)))];
            if (back.Contains(false))
            {
                helper.End(); // lets them go
                Array.ForEach(waiters, w => w.Join());
            }

            Assert.True(back.All(b => b), $"In round {round} a thread went on waiting, with no child left.");
            Assert.Equal(1, reported);
        }
    }

    private sealed class Helper : IDisposable
    {
        internal Helper(string command = "exec sleep 100") => Child = ReapedChildren.Start(() => WaitTests.Shell(command), isHelper: true);

        internal WatchedChild Child { get; }

        internal bool IsRunning => Os.WaitPid(Child.Pid, WaitOptions.NoHang).Pid == 0;

        internal void WaitForEnd() => Os.WaitId(IdType.Pid, Child.Pid, WaitIdOptions.Exited | WaitIdOptions.NoWait);

        internal void End() => Os.Kill(Child.Pid, Signal.Kill);

        public void Dispose()
        {
            if (Child.Taken is null)
            {
                End();
                Os.WaitPid(Child.Pid);
                Assert.NotNull(Child.Taken);
            }

            ReapedChildren.Forget(Child);
        }
    }
}
