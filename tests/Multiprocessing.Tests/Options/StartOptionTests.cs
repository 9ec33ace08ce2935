using System.Globalization;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Directory, user, nice value, processors, session, group and limits: what the options say, read from the kernel in the child.</summary>
public sealed class StartOptionTests
{
    private const uint Nobody = 65534;
    private const int ENOENT = 2;
    private const int ESRCH = 3;

    [Theory]
    [InlineData("plain")]
    [InlineData("größe 😀 and spaces")]
    public async Task A_child_starts_in_its_working_directory(string name)
    {
        string folder = Path.Combine(Directory.CreateTempSubdirectory("cwd-").FullName, name);
        Directory.CreateDirectory(folder);
        string before = Environment.CurrentDirectory;
        string[] seen = await ChildProcess.RunAsync(() => new[] { Os.GetCwd(), Environment.CurrentDirectory, Path.GetFullPath("a") }, new ChildProcessOptions { WorkingDirectory = folder });
        Assert.Equal([folder, folder, Path.Combine(folder, "a")], seen);
        Assert.Equal(before, Environment.CurrentDirectory);
        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }

    [Fact]
    public async Task A_relative_working_directory_is_one_from_ours()
    {
        string seen = await ChildProcess.RunAsync(() => Os.GetCwd(), new ChildProcessOptions { WorkingDirectory = ".." });
        Assert.Equal(Path.GetDirectoryName(Os.GetCwd()), seen);
    }

    [Fact]
    public async Task A_child_runs_as_its_user_on_all_threads_and_cannot_go_back()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may start a child as somebody else.");
        string[] seen = await ChildProcess.RunAsync(
            async () =>
            {
                string ids = $"{Os.GetResUid()} {Os.GetResGid()} {string.Join(',', Os.GetGroups())}";
                string ofThread = await Task.Run(() => $"{Os.GetResUid()} {Os.GetResGid()}");
                string threads = string.Join(';', Directory.GetDirectories("/proc/self/task").Select(UidsOf).Distinct());
                return new[] { ids, ofThread, threads, $"{ErrorNumber.Of(() => Os.SetUid(0))} {ErrorNumber.Of(() => Os.SetGid(0))} {ErrorNumber.Of(() => Os.SetGroups(0))}", $"{Os.GetEuid()}" };
            },
            new ChildProcessOptions { User = new ChildUser(Nobody, Nobody, 4, 5) });
        Assert.Equal(["(65534, 65534, 65534) (65534, 65534, 65534) 4,5", "(65534, 65534, 65534) (65534, 65534, 65534)", "65534 65534 65534 65534", "1 1 1", "65534"], seen);
    }

    [Fact]
    public async Task Without_groups_a_user_has_none_and_what_a_process_is_already_it_may_ask_for()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may start a child as somebody else.");
        string seen = await ChildProcess.RunAsync(
            () =>
            {
                string nested = ChildProcess.RunAsync(() => $"{Os.GetUid()} {Os.GetGroups().Length}", new ChildProcessOptions { User = new ChildUser(Nobody, Nobody) }).GetAwaiter().GetResult();
                return $"{Os.GetGroups().Length} {nested}";
            },
            new ChildProcessOptions { User = new ChildUser(Nobody, Nobody) });
        Assert.Equal("0 65534 0", seen);
    }

    [Fact]
    public void A_child_of_another_user_dies_with_its_parent_and_can_be_killed()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may start a child as somebody else.");
        ChildProcessOptions nobody = new() { User = new ChildUser(Nobody, Nobody) };
        using ChildProcess killed = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: nobody);
        killed.Kill();
        killed.Join();
        Assert.Equal(-9, killed.ExitCode);

        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                using ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: nobody);
                Console.WriteLine(child.Pid);
                Thread.Sleep(Timeout.Infinite);
            },
            options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe });
        using StreamReader output = new(parent.StandardOutput!);
        using SafeDescriptorHandle grandchild = Os.PidFdOpen(int.Parse(output.ReadLine()!, CultureInfo.InvariantCulture));
        parent.Kill();
        Assert.Equal(PollEvents.Readable, Os.Poll(grandchild, PollEvents.Readable, TimeSpan.FromSeconds(10)));
    }

    [Fact]
    [Conformance(68)]
    public async Task The_nice_value_holds_for_every_thread_of_the_child()
    {
        string[] seen = await ChildProcess.RunAsync(
            async () =>
            {
                int ofNew = await Task.Run(() => Os.GetPriority());
                return new[] { $"{ofNew}", string.Join(' ', Directory.GetDirectories("/proc/self/task").Select(t => Os.GetPriority(NumberOf(t))).Distinct()) };
            },
            new ChildProcessOptions { Nice = 7 });
        Assert.Equal(["7", "7"], seen);
    }

    [Fact]
    [Conformance(24)]
    public async Task The_processors_hold_for_every_thread_of_the_child_and_for_its_runtime()
    {
        int last = Os.GetAffinity()[^1];
        string[] seen = await ChildProcess.RunAsync(
            () => new[]
            {
                string.Join(' ', Directory.GetDirectories("/proc/self/task").Select(t => string.Join(',', Os.GetAffinity(NumberOf(t)))).Distinct()),
                $"{Os.CpuCount()} {Environment.ProcessorCount}",
                $"{Environment.GetEnvironmentVariable("DOTNET_PROCESSOR_COUNT")}",
            },
            new ChildProcessOptions { CpuAffinity = [last] });
        Assert.Equal([$"{last}", "1 1", ""], seen);
    }

    [Fact]
    [Conformance(66)]
    public async Task A_child_leads_a_session_of_its_own()
    {
        string seen = await ChildProcess.RunAsync(() => $"{Os.GetSid() == Os.GetPid()} {Os.GetPgrp() == Os.GetPid()}", new ChildProcessOptions { NewSession = true });
        Assert.Equal("True True", seen);
    }

    [Fact]
    [Conformance(66)]
    public async Task A_child_leads_a_group_and_another_joins_it()
    {
        using ChildProcess leader = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: new ChildProcessOptions { ProcessGroup = 0 });
        Assert.Equal(leader.Pid, Os.GetPgid(leader.Pid!.Value)); // it holds as soon as Start has returned
        int joined = await ChildProcess.RunAsync(() => Os.GetPgrp(), new ChildProcessOptions { ProcessGroup = leader.Pid });
        Assert.Equal(leader.Pid, joined);
        Assert.NotEqual(leader.Pid, Os.GetPgrp());
    }

    [Fact]
    public async Task Limits_of_the_system_hold_in_the_child_alone()
    {
        ResourceLimit before = Os.GetLimit(Resource.OpenFiles);
        string seen = await ChildProcess.RunAsync(
            () => $"{Os.GetLimit(Resource.OpenFiles)} {Os.GetLimit(Resource.Core)}",
            new ChildProcessOptions { Limits = new Dictionary<Resource, ResourceLimit> { [Resource.OpenFiles] = new(100, 200), [Resource.Core] = new(0, before.Hard) } });
        Assert.Equal($"{new ResourceLimit(100, 200)} {new ResourceLimit(0, before.Hard)}", seen);
        Assert.Equal(before, Os.GetLimit(Resource.OpenFiles));
    }

    [Fact]
    public async Task All_of_them_together_work_for_a_user_without_privileges()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may start a child as somebody else.");
        string seen = await ChildProcess.RunAsync(
            () => $"{Os.GetUid()} {Os.GetCwd()} {Os.GetPriority()} {Os.GetSid() == Os.GetPid()} {Os.GetLimit(Resource.Core).Hard} {Os.CpuCount()}",
            new ChildProcessOptions
            {
                User = new ChildUser(Nobody, Nobody),
                WorkingDirectory = "/root", // which nobody could not enter
                Nice = -3, // nor that
                NewSession = true,
                Limits = new Dictionary<Resource, ResourceLimit> { [Resource.Core] = new(0, 0) },
                CpuAffinity = [Os.GetAffinity()[0]],
                MemoryLimit = 1L << 30,
                CpuTimeLimit = TimeSpan.FromSeconds(10),
                Timeout = TimeSpan.FromSeconds(60),
            });
        Assert.Equal("65534 /root -3 True 0 1", seen);
    }

    public static TheoryData<string> Failures => [.. s_failures.Keys];

    private static readonly Dictionary<string, (ChildProcessOptions Options, string Option, int Errno)> s_failures = new()
    {
        ["a directory that is not there"] = (new() { WorkingDirectory = "/no/such/directory" }, "WorkingDirectory", ENOENT),
        ["a file as directory"] = (new() { WorkingDirectory = "/dev/null" }, "WorkingDirectory", 20),
        ["a processor that is not there"] = (new() { CpuAffinity = [60000] }, "CpuAffinity", 22),
        ["one processor of two that is not there"] = (new() { CpuAffinity = [Os.GetAffinity()[0], 1000] }, "CpuAffinity", 22),
        ["a group that is not there"] = (new() { ProcessGroup = 0x3FFFFF }, "ProcessGroup", 1),
        ["a group in a new session"] = (new() { NewSession = true, ProcessGroup = 0 }, "ProcessGroup", 1),
        ["a soft limit above the hard one"] = (new() { Limits = new Dictionary<Resource, ResourceLimit> { [Resource.Core] = new(2, 1) } }, "Limits[Core]", 22),
        ["a limit of nothing"] = (new() { Limits = new Dictionary<Resource, ResourceLimit> { [(Resource)99] = new(1, 1) } }, "Limits[99]", 22),
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task An_option_that_fails_is_a_start_error_that_names_it_and_leaves_no_child(string what)
    {
        (ChildProcessOptions options, string option, int errno) = s_failures[what];
        using ChildProcess child = new(Nothing, options: options);
        ChildStartException failure = Assert.Throws<ChildStartException>(child.Start);
        Assert.Equal(option, failure.Option);
        Assert.Equal(child.Name, failure.ProcessName);
        Assert.Equal(errno, Assert.IsType<PosixException>(failure.InnerException).Errno);
        Assert.StartsWith($"The child '{child.Name}' could not be started: the option {option} failed: ", failure.Message, StringComparison.Ordinal);
        Assert.Empty(ChildProcess.ActiveChildren);
        Assert.Null(child.Pid);
        Assert.Null(child.ExitCode);
        Assert.False(child.IsAlive);
        Assert.Throws<InvalidOperationException>(() => child.Join());
        Assert.Throws<InvalidOperationException>(() => child.Sentinel);

        failure = await Assert.ThrowsAsync<ChildStartException>(() => ChildProcess.RunAsync(Nothing, options));
        Assert.Equal(option, failure.Option);
    }

    [Fact]
    public void An_option_that_takes_privileges_is_refused_to_those_who_have_none()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may start a child as somebody else.");
        using ChildProcess<string> unprivileged = ChildProcess.Start(
            () =>
            {
                Os.SetLimit(Resource.Nice, new ResourceLimit(0, 0));
                return $"{FailureOf(new() { User = new ChildUser(0, 0) })} {FailureOf(new() { Nice = -5 })}";
            },
            options: new ChildProcessOptions { User = new ChildUser(Nobody, Nobody) });
        Assert.Equal("User 1 Nice 13", unprivileged.Result.GetAwaiter().GetResult());
    }

    [Fact]
    public void After_a_failed_start_the_object_can_be_started_once_the_cause_is_gone()
    {
        string parent = Directory.CreateTempSubdirectory("later-").FullName;
        string folder = Path.Combine(parent, "made");
        using ChildProcess child = new((string text) => Environment.ExitCode = text.Length, ["four"], options: new ChildProcessOptions { WorkingDirectory = folder });
        Assert.Throws<ChildStartException>(child.Start);
        Directory.CreateDirectory(folder);
        child.Start();
        child.Join();
        Assert.Equal(0, child.ExitCode);
        Directory.Delete(parent, recursive: true);
    }

    [Fact]
    public async Task A_start_that_waits_for_options_hears_of_them_whoever_else_listens()
    {
        using CancellationTokenSource done = new();
        Task others = Task.Run(
            () =>
            {
                while (!done.IsCancellationRequested)
                {
                    _ = ChildProcess.ActiveChildren; // reads what children say
                }
            },
            CancellationToken.None);
        ChildProcessOptions options = new() { Nice = 1 };
        for (int i = 0; i < 15; i++)
        {
            Task<ChildProcess> started = Task.Run(() => i % 2 == 0 ? ChildProcess.Start(Sleep, options: options) : ChildProcess.Start(SleepAndReturn, options: options));
            using ChildProcess child = await started.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            Assert.True(child.IsAlive);
        }

        await done.CancelAsync();
        await others;

        static void Sleep() => Thread.Sleep(Timeout.Infinite);

        static int SleepAndReturn()
        {
            Thread.Sleep(Timeout.Infinite);
            return 1;
        }
    }

    [Fact]
    public async Task A_start_that_fails_disturbs_nobody_who_looks_at_the_child_meanwhile()
    {
        using CancellationTokenSource done = new();
        Task others = Task.Run(
            () =>
            {
                while (!done.IsCancellationRequested)
                {
                    _ = ChildProcess.ActiveChildren;
                }
            },
            CancellationToken.None);
        ChildProcessOptions options = new() { WorkingDirectory = "/no/such/directory" };
        for (int i = 0; i < 15; i++)
        {
            using ChildProcess child = new(Nothing, options: options);
            Task start = Task.Run(child.Start);
            Task stop = Task.Run(async () =>
            {
                while (child.Pid is null && !start.IsCompleted)
                {
                    await Task.Yield();
                }

                try
                {
                    await child.StopAsync(TimeSpan.FromSeconds(30));
                }
                catch (InvalidOperationException)
                {
                    // It is not started any more.
                }
            });
            await Assert.ThrowsAsync<ChildStartException>(() => start.WaitAsync(TimeSpan.FromSeconds(60)));
            await stop.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }

        await done.CancelAsync();
        await others;
    }

    [Fact]
    public async Task A_limit_on_open_files_that_is_nearly_reached_leaves_the_other_options_alone()
    {
        ChildProcessOptions options = new()
        {
            Limits = new Dictionary<Resource, ResourceLimit> { [Resource.OpenFiles] = new(64, 64), [Resource.Data] = new(1L << 40, 1L << 40) },
            MemoryLimit = 1L << 30,
            CpuTimeLimit = TimeSpan.FromSeconds(20),
        };
        string seen = await ChildProcess.RunAsync(() => $"{Os.GetLimit(Resource.OpenFiles)} {Os.GetLimit(Resource.Data).Hard < 1L << 32}", options);
        Assert.Equal($"{new ResourceLimit(64, 64)} True", seen);
    }

    [Fact]
    public void A_child_that_ends_before_it_has_applied_its_options_is_a_start_error_too()
    {
        Dictionary<string, string> noHeap = new() { ["DOTNET_GCHeapHardLimit"] = "1" }; // the runtime gives up
        using ChildProcess child = new(Nothing, options: new ChildProcessOptions { Nice = 1, Environment = noHeap, StandardOutput = StandardStream.Null, StandardError = StandardStream.Null });
        ChildStartException failure = Assert.Throws<ChildStartException>(child.Start);
        Assert.Null(failure.Option);
        Assert.StartsWith($"The child '{child.Name}' could not be started: it ended before its code ran, with exit code ", failure.Message, StringComparison.Ordinal);
        Assert.Null(child.Pid);
        Assert.Empty(ChildProcess.ActiveChildren);
    }

    private static void Nothing()
    {
    }

    private static string FailureOf(ChildProcessOptions options)
    {
        using ChildProcess child = new(Nothing, options: options);
        ChildStartException failure = Assert.Throws<ChildStartException>(child.Start);
        return $"{failure.Option} {((PosixException)failure.InnerException!).Errno}";
    }

    private static string UidsOf(string thread) =>
        File.ReadLines(Path.Combine(thread, "status")).Single(line => line.StartsWith("Uid:", StringComparison.Ordinal))["Uid:\t".Length..].Replace('\t', ' ');

    private static int NumberOf(string thread) => int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture);
}
