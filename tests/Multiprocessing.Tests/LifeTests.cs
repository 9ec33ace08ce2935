using System.Diagnostics;

namespace Multiprocessing.Tests;

public sealed class LifeTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(10);

    [Fact]
    [Conformance(1, 17)]
    public void A_child_that_has_not_been_started_is_not_alive_and_has_neither_pid_nor_exit_code()
    {
        using ChildProcess child = new(Sleep);
        Assert.False(child.IsAlive);
        Assert.Null(child.Pid);
        Assert.Null(child.ExitCode);
        Assert.Throws<InvalidOperationException>(() => child.Join());
        Assert.Throws<InvalidOperationException>(child.Kill);
        Assert.Throws<InvalidOperationException>(() => child.Sentinel);
        Assert.DoesNotContain(child, ChildProcess.ActiveChildren);
    }

    [Fact]
    [Conformance(6, 7, 15)]
    public void A_running_child_is_alive_and_active_and_a_joined_one_is_neither()
    {
        using ChildProcess child = ChildProcess.Start(Sleep);
        Assert.True(child.IsAlive);
        Assert.Null(child.ExitCode);
        Assert.Contains(child, ChildProcess.ActiveChildren);
        child.Terminate();
        Assert.True(child.Join(s_soon));
        Assert.False(child.IsAlive);
        Assert.Equal(-15, child.ExitCode);
        Assert.DoesNotContain(child, ChildProcess.ActiveChildren);
    }

    [Fact]
    public void A_child_is_started_only_once()
    {
        using ChildProcess child = ChildProcess.Start(Nothing);
        Assert.Throws<InvalidOperationException>(child.Start);
        child.Join();
        Assert.Throws<InvalidOperationException>(child.Start);
    }

    [Fact]
    [Conformance(13, 14)]
    public void Join_returns_false_after_about_the_time_and_at_once_for_zero()
    {
        using ChildProcess child = ChildProcess.Start(Sleep);
        Assert.False(child.Join(TimeSpan.Zero));
        long start = Stopwatch.GetTimestamp();
        Assert.False(child.Join(TimeSpan.FromMilliseconds(200)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 200, 5_000);
        Assert.True(child.IsAlive);
        Assert.Throws<ArgumentOutOfRangeException>(() => child.Join(TimeSpan.FromSeconds(-2)));
        child.Kill();
        Assert.True(child.Join(Timeout.InfiniteTimeSpan));
        Assert.True(child.Join(TimeSpan.Zero));
    }

    [Fact]
    [Conformance(16)]
    public void Signalling_a_child_that_has_ended_does_nothing()
    {
        using ChildProcess child = ChildProcess.Start(Nothing);
        child.Join();
        child.Terminate();
        child.Kill();
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    [Conformance(18, 19)]
    public void Closing_a_running_child_is_an_error_and_a_closed_one_is_of_no_more_use()
    {
        ChildProcess child = ChildProcess.Start(Sleep);
        Assert.Throws<InvalidOperationException>(child.Close);
        Assert.True(child.IsAlive);
        child.Kill();
        child.Join();
        child.Close();
        child.Close();
        Assert.Throws<ObjectDisposedException>(() => child.IsAlive);
        Assert.Throws<ObjectDisposedException>(() => child.Join());
        Assert.Throws<ObjectDisposedException>(child.Terminate);
    }

    [Fact]
    public async Task Leaving_the_scope_ends_the_child()
    {
        int first;
        int second;
        using (ChildProcess child = ChildProcess.Start(Sleep))
        {
            first = child.Pid!.Value;
        }

        await using (ChildProcess child = ChildProcess.Start(Sleep))
        {
            second = child.Pid!.Value;
        }

        Assert.False(Directory.Exists($"/proc/{first}"));
        Assert.False(Directory.Exists($"/proc/{second}"));
    }

    [Fact]
    public async Task WaitForExitAsync_ends_with_the_child_and_its_token_ends_only_the_waiting()
    {
        using ChildProcess child = ChildProcess.Start(Sleep);
        using CancellationTokenSource cancellation = new();
        Task cancelled = child.WaitForExitAsync(cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.True(child.IsAlive);
        Task waiting = child.WaitForExitAsync(TestContext.Current.CancellationToken);
        child.Terminate();
        await waiting;
        Assert.Equal(-15, child.ExitCode);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    [Conformance(15)]
    public void Many_threads_may_wait_for_one_child()
    {
        using ChildProcess child = ChildProcess.Start(Sleep);
        Thread[] waiters = [.. Enumerable.Range(0, 8).Select(_ => new Thread(() => Assert.True(child.Join(s_soon))))];
        Array.ForEach(waiters, w => w.Start());
        child.Kill();
        Assert.All(waiters, w => Assert.True(w.Join(s_soon)));
        Assert.Equal(-9, child.ExitCode);
    }

    [Fact]
    [Conformance(17)]
    public void The_sentinel_is_readable_only_once_the_child_has_ended()
    {
        using ChildProcess child = ChildProcess.Start(Sleep);
        Assert.False(IsReadable(child.Sentinel, TimeSpan.Zero));
        child.Kill();
        Assert.True(IsReadable(child.Sentinel, s_soon));
        child.Join();
        Assert.True(IsReadable(child.Sentinel, TimeSpan.Zero));

        using ChildProcess other = ChildProcess.Start(Nothing);
        other.Join();
        Assert.True(IsReadable(other.Sentinel, TimeSpan.Zero));
    }

    [Fact]
    [Conformance(5)]
    public void Names_are_numbered_and_those_of_grandchildren_extend_their_parents()
    {
        using ChildProcess first = new(Nothing);
        using ChildProcess second = new(Nothing);
        int number = int.Parse(first.Name["Process-".Length..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal($"Process-{number + 1}", second.Name);

        using ChildProcess<string> child = ChildProcess.Start(() =>
        {
            using ChildProcess grandchild = new(Nothing);
            return $"{ChildProcess.Current.Name} {grandchild.Name}";
        });
        Assert.Equal($"{child.Name} {child.Name}:1", child.Result.GetAwaiter().GetResult());
    }

    [Fact]
    [Conformance(4, 12, 52)]
    public async Task A_child_knows_its_name_its_parent_and_whether_it_is_a_daemon()
    {
        Assert.Null(ChildProcess.Parent);
        Assert.Equal("MainProcess", ChildProcess.Current.Name);
        using ChildProcess<string> child = ChildProcess.Start(
            () => $"{ChildProcess.Current} {ChildProcess.Parent!.Name} {ChildProcess.Parent.Pid} {Posix.Os.GetPpid()}", name: "worker", daemon: true);
        string expected = $"{new ProcessIdentity("worker", child.Pid!.Value, Daemon: true)} MainProcess {Environment.ProcessId} {Environment.ProcessId}";
        Assert.Equal(expected, await child);
    }

    [Fact]
    [Conformance(9)]
    public void The_first_process_is_no_daemon_and_has_the_systems_pid()
    {
        Assert.Equal(new ProcessIdentity("MainProcess", Posix.Os.GetPid(), Daemon: false), ChildProcess.Current);
        Assert.DoesNotContain(ChildProcess.ActiveChildren, child => child.Pid == ChildProcess.Current.Pid);
    }

    [Fact]
    [Conformance(11)]
    public void Daemon_is_the_creators_unless_said_and_cannot_be_changed_after_the_start()
    {
        using ChildProcess ordinary = new(Nothing);
        Assert.False(ordinary.Daemon);
        ordinary.Daemon = true;
        Assert.Equal("True False, then True", WhatAChildGets(ordinary.Daemon));
        Assert.Equal("False False, then True", WhatAChildGets(daemon: false));

        using ChildProcess child = ChildProcess.Start(Nothing);
        Assert.Throws<InvalidOperationException>(() => child.Daemon = true);
        child.Join();
        Assert.Throws<InvalidOperationException>(() => child.Daemon = true);
        Assert.False(child.Daemon);

        static string WhatAChildGets(bool daemon)
        {
            using ChildProcess<string> child = ChildProcess.Start(
                () =>
                {
                    using ChildProcess unsaid = new(Nothing);
                    using ChildProcess said = new(Nothing, daemon: false);
                    string before = $"{unsaid.Daemon} {said.Daemon}";
                    said.Daemon = true;
                    return $"{before}, then {said.Daemon}";
                },
                daemon: daemon);
            return child.Result.GetAwaiter().GetResult();
        }
    }

    [Fact]
    [Conformance(22)]
    public void The_target_and_its_arguments_are_let_go_after_the_start()
    {
        (ChildProcess child, WeakReference target) = StartWithTarget();
        using (child)
        {
            child.Join();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.False(target.IsAlive);
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static (ChildProcess Child, WeakReference Target) StartWithTarget()
        {
            int[] captured = [1];
            Action target = () => _ = captured[0];
            return (ChildProcess.Start(target), new WeakReference(target));
        }
    }

    private static bool IsReadable(System.Runtime.InteropServices.SafeHandle handle, TimeSpan timeout) =>
        Posix.Os.Poll((Posix.SafeDescriptorHandle)handle, Posix.PollEvents.Readable, timeout) != Posix.PollEvents.None;

    private static void Sleep() => Thread.Sleep(Timeout.Infinite);

    private static void Nothing()
    {
    }
}
