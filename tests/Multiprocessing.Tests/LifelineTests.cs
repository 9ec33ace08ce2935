using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

public sealed partial class LifelineTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(10);
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_parent_that_ends_while_its_child_has_not_begun_takes_it_along_when_it_does(bool killed)
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                ChildProcess child = ChildProcess.Start(() => AnnounceAndWait(wedged: true));
                child.Send(Signal.Stop); // it has not come further than the runtime's own start
                Console.WriteLine(child.Pid);
                Console.ReadLine();
                End(killed);
            },
            options: new ChildProcessOptions { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe });
        using StreamReader reader = new(parent.StandardOutput!);
        using SafeDescriptorHandle end = Os.PidFdOpen(Number(reader));
        parent.StandardInput!.Write("\n"u8);
        parent.StandardInput.Dispose();
        parent.Join();
        Assert.Equal(killed ? -9 : 0, parent.ExitCode);
        Assert.Equal(PollEvents.None, Os.Poll(end, PollEvents.Readable, TimeSpan.Zero));
        Os.PidFdSendSignal(end, Signal.Cont);
        Assert.NotEqual(PollEvents.None, Os.Poll(end, PollEvents.Readable, s_soon));
        Assert.Equal("", reader.ReadToEnd());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [TimeLimit(120)]
    public void A_parent_that_ends_right_after_its_starts_leaves_no_child_however_often_it_is_tried(bool killed)
    {
        for (int round = 0; round < 10; round++)
        {
            using ChildProcess parent = ChildProcess.Start(
                () =>
                {
                    for (int i = 0; i < 4; i++)
                    {
                        ChildProcess.Start(() => AnnounceAndWait(wedged: true));
                        Thread.SpinWait(round * 20_000); // some of them come further than others
                    }

                    End(killed);
                },
                options: s_piped);
            parent.Join();
            Assert.Equal(killed ? -9 : 0, parent.ExitCode);

            // The grandchildren hold copies of the pipe's end: the text ends when they have.
            using StreamReader reader = new(parent.StandardOutput!);
            Task<string> rest = Task.Run(reader.ReadToEnd, TestContext.Current.CancellationToken);
            Assert.True(rest.Wait(s_soon, TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("Process")]
    [InlineData("posix_spawn")]
    public void A_program_that_the_parent_started_lives_on_and_keeps_no_child_alive(string by)
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                using ChildProcess child = ChildProcess.Start(() => AnnounceAndWait(wedged: false));
                int program = by == "Process"
                    ? Process.Start("/bin/sleep", ["60"]).Id
                    : Os.PosixSpawn("/bin/sleep", ["sleep", "60"]);
                Console.WriteLine(-program);
                child.Join();
            },
            options: s_piped);
        using StreamReader reader = new(parent.StandardOutput!);
        int[] numbers = [Number(reader), Number(reader)];
        using SafeDescriptorHandle child = Os.PidFdOpen(numbers.Max());
        using SafeDescriptorHandle program = Os.PidFdOpen(-numbers.Min());
        parent.Kill();
        Assert.NotEqual(PollEvents.None, Os.Poll(child, PollEvents.Readable, s_soon));
        Assert.Equal(PollEvents.None, Os.Poll(program, PollEvents.Readable, TimeSpan.Zero));
        Os.PidFdSendSignal(program, Signal.Kill);
        Assert.NotEqual(PollEvents.None, Os.Poll(program, PollEvents.Readable, s_soon));
        parent.Join();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_program_that_a_child_becomes_by_exec_has_no_lifeline_any_more(bool hasLifeline)
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                // What it prints comes from the new program: the exec is over.
                ChildProcessOptions options = new() { KillOnParentExit = hasLifeline };
                using ChildProcess child = ChildProcess.Start(() => Os.Execl("/bin/sh", "sh", "-c", "ls -m /proc/$$/fd; echo $$; exec sleep 60"), options: options);
                child.Join();
            },
            options: s_piped);
        using StreamReader reader = new(parent.StandardOutput!);
        string descriptors = reader.ReadLine()!;
        using SafeDescriptorHandle program = Os.PidFdOpen(Number(reader));
        parent.Kill();
        parent.Join();
        Assert.Equal(PollEvents.None, Os.Poll(program, PollEvents.Readable, TimeSpan.FromMilliseconds(200)));
        Os.PidFdSendSignal(program, Signal.Kill);
        Assert.NotEqual(PollEvents.None, Os.Poll(program, PollEvents.Readable, s_soon));
        Assert.Equal("0, 1, 2", descriptors);
    }

    [Fact]
    public void A_parent_that_becomes_another_program_takes_its_child_along()
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                ChildProcess.Start(() => AnnounceAndWait(wedged: true));
                Console.ReadLine();
                Os.Execl("/bin/sleep", "sleep", "60");
            },
            options: new ChildProcessOptions { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe });
        using StreamReader reader = new(parent.StandardOutput!);
        using SafeDescriptorHandle child = Os.PidFdOpen(Number(reader));
        parent.StandardInput!.Write("\n"u8);
        parent.StandardInput.Dispose();
        Assert.NotEqual(PollEvents.None, Os.Poll(child, PollEvents.Readable, s_soon));
        Assert.True(parent.IsAlive);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Each_level_has_a_pipe_of_its_own_and_dies_with_the_level_above_it(int killed)
    {
        using ChildProcess top = ChildProcess.Start(() => Descend(3), options: s_piped);
        using StreamReader reader = new(top.StandardOutput!);
        string[][] levels = [.. Enumerable.Range(0, 4).Select(_ => reader.ReadLine()!.Split(' '))]; // from the top down
        Assert.Equal(4, levels.Select(level => level[1]).Distinct().Count());
        SafeDescriptorHandle[] processes = [.. levels.Select(level => Os.PidFdOpen(int.Parse(level[0], CultureInfo.InvariantCulture)))];
        Os.PidFdSendSignal(processes[killed], Signal.Kill);
        for (int level = 3; level >= 0; level--)
        {
            if (level < killed)
            {
                Assert.Equal(PollEvents.None, Os.Poll(processes[level], PollEvents.Readable, TimeSpan.Zero));
            }
            else
            {
                Assert.NotEqual(PollEvents.None, Os.Poll(processes[level], PollEvents.Readable, s_soon));
            }
        }

        Array.ForEach(processes, process => process.Dispose());
        top.Kill();
        top.Join();

        static void Descend(int levels)
        {
            Console.WriteLine($"{Environment.ProcessId} {new FileInfo($"/proc/self/fd/4").LinkTarget}");
            using ChildProcess? child = levels == 0 ? null : ChildProcess.Start(() => Descend(levels - 1));
            Thread.Sleep(Timeout.Infinite);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_child_whose_parent_is_gone_before_it_said_what_to_do_ends_without_a_word(bool half)
    {
        (SafeDescriptorHandle parents, SafeDescriptorHandle childs) = Os.SocketPair();
        (SafeDescriptorHandle output, SafeDescriptorHandle childsOutput) = Os.Pipe2();
        using (output)
        {
            int pid;
            using (parents)
            using (childs)
            using (childsOutput)
            {
                HostCommand command = HostCommand.OfThisProgram;
                Dictionary<int, int> descriptors = new() { [1] = childsOutput.Number, [2] = childsOutput.Number, [HandOver.Channel] = childs.Number };
                pid = Os.PosixSpawn(command.Path, command.Arguments, new ChildSettings(new ChildProcessOptions()).WithMark(HandOver.MarkOf(descriptors.Keys)), new PosixSpawnOptions { Descriptors = descriptors });
                if (half)
                {
                    Os.Send(parents, [100, 0, 0, 0, 1, 2, 3]); // the length, and a piece
                }
            }

            Assert.Equal(0, Os.Read(output, new byte[100]));
            Assert.Equal(1, Os.WaitPid(pid).Status.ToExitCode());
        }
    }

    [Fact]
    public void A_child_that_is_stopped_dies_with_its_parent_too()
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                using ChildProcess child = ChildProcess.Start(() => AnnounceAndWait(wedged: false));
                child.Join();
            },
            options: s_piped);
        using StreamReader reader = new(parent.StandardOutput!);
        using SafeDescriptorHandle child = Os.PidFdOpen(Number(reader));
        Os.PidFdSendSignal(child, Signal.Stop);
        parent.Kill();
        Assert.NotEqual(PollEvents.None, Os.Poll(child, PollEvents.Readable, s_soon));
        parent.Join();
    }

    [Fact]
    public void A_child_outlives_the_thread_that_started_it()
    {
        ChildProcess? child = null;
        Thread starter = new(() => child = ChildProcess.Start(() => AnnounceAndWait(wedged: false), options: s_piped));
        starter.Start();
        starter.Join();
        using (child)
        {
            using StreamReader reader = new(child!.StandardOutput!);
            Assert.Equal(child.Pid, Number(reader));
            Assert.False(child.Join(TimeSpan.FromMilliseconds(200)));
        }
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

    private static void End(bool killed)
    {
        if (killed)
        {
            Os.Kill(Os.GetPid(), Signal.Kill);
        }

        Os._Exit(0);
    }

    private static int Number(StreamReader reader) => int.Parse(reader.ReadLine()!, CultureInfo.InvariantCulture);

    [LibraryImport("libc")]
    private static partial int pause();
}
