using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

public sealed partial class LifelineTests
{
    private static readonly ChildProcessOptions s_piped = new() { StandardOutput = StandardStream.Pipe };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_parent_that_is_killed_takes_its_child_along_within_a_second_though_it_is_wedged_in_native_code(bool wedged)
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                using ChildProcess child = ChildProcess.Start(() => AnnounceAndWait(wedged));
                child.Join();
            },
            options: s_piped);
        using StreamReader reader = new(parent.StandardOutput!);
        int grandchild = int.Parse(reader.ReadLine()!, CultureInfo.InvariantCulture);
        using SafeDescriptorHandle end = Os.PidFdOpen(grandchild);

        parent.Kill();
        long killed = Stopwatch.GetTimestamp();
        Assert.NotEqual(PollEvents.None, Os.Poll(end, PollEvents.Readable, TimeSpan.FromSeconds(10)));
        Assert.InRange(Stopwatch.GetElapsedTime(killed).TotalSeconds, 0, 1);
        parent.Join();
    }

    [Fact]
    public void A_parent_that_is_killed_before_its_child_has_begun_takes_it_along_too()
    {
        for (int round = 0; round < 10; round++)
        {
            using ChildProcess parent = ChildProcess.Start(
                () =>
                {
                    ChildProcess child = ChildProcess.Start(() => AnnounceAndWait(wedged: true));
                    Console.WriteLine(child.Pid);
                    Os.Kill(Os.GetPid(), Signal.Kill);
                },
                options: s_piped);
            using StreamReader reader = new(parent.StandardOutput!);
            Assert.NotEmpty(reader.ReadLine()!);
            parent.Join();

            // The grandchild holds the other copy of the pipe's end: the text ends when it does.
            Task<string> rest = Task.Run(reader.ReadToEnd, TestContext.Current.CancellationToken);
            Assert.True(rest.Wait(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void A_child_outlives_its_parent_if_the_option_says_so()
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                ChildProcessOptions options = new() { KillOnParentExit = false };
                ChildProcess child = ChildProcess.Start(() => AnnounceAndWait(wedged: false), options: options);
                child.Join();
            },
            options: s_piped);
        using StreamReader reader = new(parent.StandardOutput!);
        int grandchild = int.Parse(reader.ReadLine()!, CultureInfo.InvariantCulture);
        using SafeDescriptorHandle end = Os.PidFdOpen(grandchild);
        parent.Kill();
        parent.Join();
        Assert.Equal(PollEvents.None, Os.Poll(end, PollEvents.Readable, TimeSpan.FromMilliseconds(200)));
        Os.PidFdSendSignal(end, Signal.Kill);
        Assert.NotEqual(PollEvents.None, Os.Poll(end, PollEvents.Readable, TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Leaving_joins_children_ends_daemons_and_does_not_wait_for_a_forgotten_call()
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                ChildProcess.Start(() => Console.WriteLine("joined"));
                ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), daemon: true);
                _ = ChildProcess.RunAsync(() => Thread.Sleep(Timeout.Infinite));
            },
            options: s_piped);
        using StreamReader reader = new(parent.StandardOutput!);
        Assert.Equal("joined\n", reader.ReadToEnd());
        Assert.True(parent.Join(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, parent.ExitCode);
    }

    private static void AnnounceAndWait(bool wedged)
    {
        Console.WriteLine(Environment.ProcessId);
        if (wedged)
        {
            _ = pause();
        }

        Thread.Sleep(Timeout.Infinite);
    }

    [LibraryImport("libc")]
    private static partial int pause();
}
