using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>A child that somebody else waited for still tells its object how it ended.</summary>
public sealed partial class WaitedElsewhereTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("wait")]
    [InlineData("waitpid")]
    [InlineData("wait3")]
    [InlineData("wait4")]
    [InlineData("waitid")]
    public void A_child_that_a_wait_took_tells_its_exit_code_its_signal_and_what_it_used(string call)
    {
        using ChildProcess exits = ChildProcess.Start(() => ProcessExit.Exit(7));
        Assert.Equal((exits.Pid!.Value, 7), Take(exits.Pid!.Value));
        Assert.True(exits.Join(s_soon));
        Assert.Equal((7, null, StopReason.Exited), (exits.ExitCode, exits.ExitStatus!.Signal, exits.ExitStatus.Reason));
        Assert.True(exits.ExitStatus.Usage.MaxResidentBytes > 1_000_000);

        using ChildProcess killed = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
        killed.Kill();
        Assert.Equal((killed.Pid!.Value, -9), Take(killed.Pid!.Value));
        Assert.False(killed.IsAlive);
        Assert.Equal((-9, Signal.Kill, StopReason.Signaled), (killed.ExitCode, killed.ExitStatus!.Signal, killed.ExitStatus.Reason));
        Assert.DoesNotContain(killed, ChildProcess.ActiveChildren);
        Assert.Throws<NoChildProcessException>(() => Os.Wait());

        (int Pid, int Code) Take(int pid)
        {
            (int taken, WaitStatus status) = call switch
            {
                "wait" => Os.Wait(),
                "waitpid" => Os.WaitPid(pid),
                "wait3" => Without(Os.Wait3()),
                "wait4" => Without(Os.Wait4(pid)),
                _ => Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited) is { } ended ? (ended.Pid, ended.Status) : default,
            };
            return (taken, status.ToExitCode());
        }

        static (int, WaitStatus) Without((int Pid, WaitStatus Status, ResourceUsage Usage) child) => (child.Pid, child.Status);
    }

    [Fact]
    public async Task A_result_arrives_whoever_waits_for_the_child()
    {
        using ChildProcess<int> child = ChildProcess.Start(() => 42);
        Assert.Equal(child.Pid, Os.Wait().Pid);
        Assert.Equal(42, await child);
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public void A_foreign_reaper_leaves_the_last_word_or_255()
    {
        using ChildProcess exits = ChildProcess.Start(() => ProcessExit.Exit(7));
        Reap(exits.Pid!.Value);
        Assert.True(exits.Join(s_soon));
        Assert.Equal((7, null, StopReason.Exited), (exits.ExitCode, exits.ExitStatus!.Signal, exits.ExitStatus.Reason));
        Assert.Equal(default, exits.ExitStatus.Usage);

        using ChildProcess killed = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
        killed.Kill();
        Reap(killed.Pid!.Value);
        Assert.True(killed.Join(s_soon));
        Assert.Equal((255, null, StopReason.Exited), (killed.ExitCode, killed.ExitStatus!.Signal, killed.ExitStatus.Reason));
        Assert.Empty(ChildProcess.ActiveChildren);
    }

    [Fact]
    public async Task While_SIGCHLD_is_ignored_a_child_still_tells_its_exit_code()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            Os.Ignore(Signal.Chld);
            using ChildProcess exits = ChildProcess.Start(() => ProcessExit.Exit(7));
            using ChildProcess killed = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
            using ChildProcess<string> answers = ChildProcess.Start(() => "answer");
            killed.Kill();
            bool joined = exits.Join(s_soon) && killed.Join(s_soon);
            string answer = answers.Result.GetAwaiter().GetResult();
            string refusal = "";
            try
            {
                Os.Wait();
            }
            catch (NoChildProcessException exception)
            {
                refusal = exception.Message;
            }

            return new[] { $"{joined} {exits.ExitCode} {killed.ExitCode} {answers.ExitCode} {answer} {ChildProcess.ActiveChildren.Count}", refusal };
        });
        Assert.Equal(["True 7 255 0 answer 0", "wait: No child processes (ECHILD)"], seen);
    }

    [Fact]
    public async Task While_SIGCHLD_is_ignored_a_wait_lasts_until_all_children_have_ended_and_then_finds_none()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            Os.Ignore(Signal.Chld);
            using ChildProcess child = ChildProcess.Start(() => ProcessExit.Exit(7));
            try
            {
                return $"{Os.Wait()}";
            }
            catch (NoChildProcessException)
            {
                return $"{child.IsAlive} {child.ExitCode}";
            }
        });
        Assert.Equal("False 7", seen);
    }

    [Fact]
    public void In_a_program_that_was_started_with_SIGCHLD_ignored_children_still_tell_how_they_ended()
    {
        using ChildProcess program = ChildProcess.Start(
            () =>
            {
                Os.Ignore(Signal.Chld);
                Os.Execl(TestProgram.FilePath, TestProgram.FilePath, "sigchld-ignored");
            },
            options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe });
        using StreamReader reader = new(program.StandardOutput!);
        Assert.Equal("Ignored\n7 True 42\nin the child\n0\n", reader.ReadToEnd());
        program.Join();
        Assert.Equal(0, program.ExitCode);
    }

    [Fact]
    [TimeLimit(120)]
    public async Task Results_failures_and_exit_codes_arrive_beside_native_code_that_takes_every_child()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            using ChildProcess last = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite)); // while it lives, the wait blocks
            int taken = 0;
            Thread reaper = new(() =>
            {
                while (ReapAny() is var pid && pid != last.Pid)
                {
                    Interlocked.Increment(ref taken);
                }
            });
            reaper.Start();
            List<string> wrong = [];
            Parallel.For(0, 40, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
            {
                string? expected = null;
                string? got = null;
                switch (i % 4)
                {
                    case 0:
                        (expected, got) = ($"{i * i}", $"{ChildProcess.RunAsync(() => i * i).GetAwaiter().GetResult()}");
                        break;
                    case 1:
                        try
                        {
                            ChildProcess.RunAsync(() => throw new InvalidOperationException($"failure {i}")).GetAwaiter().GetResult();
                        }
                        catch (ChildFailedException failure)
                        {
                            (expected, got) = ($"failure {i}", failure.InnerException!.Message);
                        }

                        break;
                    case 2:
                        using (ChildProcess exits = ChildProcess.Start(() => ProcessExit.Exit(i)))
                        {
                            exits.Join();
                            (expected, got) = ($"{i}", $"{exits.ExitCode}");
                        }

                        break;
                    default:
                        using (ChildProcess killed = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite)))
                        {
                            killed.Kill();
                            killed.Join();
                            (expected, got) = ("True", $"{killed.ExitCode is -9 or 255}"); // whoever was first
                        }

                        break;
                }

                if (expected is null || expected != got)
                {
                    lock (wrong)
                    {
                        wrong.Add($"{i}: {got} instead of {expected}");
                    }
                }
            });
            last.Kill();
            last.Join();
            reaper.Join(s_soon);
            return new[] { $"{taken > 0} {ChildProcess.ActiveChildren.Count} {string.Join(", ", wrong)}" };
        });
        Assert.Equal(["True 0 "], seen);
    }

    [Fact]
    public async Task While_SIGCHLD_is_ignored_an_exception_arrives_and_a_crash_has_code_255()
    {
        string seen = await ChildProcess.RunAsync(async () =>
        {
            Os.Ignore(Signal.Chld);
            string failed = "";
            try
            {
                await ChildProcess.RunAsync(() => throw new InvalidOperationException("in the child"));
            }
            catch (ChildFailedException failure)
            {
                failed = failure.InnerException!.Message;
            }

            try
            {
                await ChildProcess.RunAsync(() => Os.Raise(Signal.Kill));
            }
            catch (ChildCrashedException crash)
            {
                failed += $", {crash.ExitStatus.ExitCode}";
            }

            return failed;
        });
        Assert.Equal("in the child, 255", seen);
    }

    [Fact]
    [TimeLimit(120)]
    public void Waits_for_any_child_and_the_objects_of_a_hundred_children_do_not_disturb_each_other()
    {
        const int Count = 100;
        List<(int Pid, int Code)> taken = [];
        using SemaphoreSlim started = new(0);
        bool allStarted = false;
        Thread[] waiters = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            while (true)
            {
                bool last = Volatile.Read(ref allStarted);
                try
                {
                    (int pid, WaitStatus status) = Os.Wait();
                    lock (taken)
                    {
                        taken.Add((pid, status.ToExitCode()));
                    }
                }
                catch (NoChildProcessException)
                {
                    if (last)
                    {
                        return;
                    }

                    started.Wait();
                }
            }
        }))];
        Array.ForEach(waiters, w => w.Start());

        List<(ChildProcess Child, int Expected)> children = [];
        List<Thread> askers = [];
        for (int i = 0; i < Count; i++)
        {
            int code = i;
            bool kill = i % 2 == 0;
            ChildProcess child = ChildProcess.Start(() => ProcessExit.Exit(code));
            if (kill)
            {
                child.Kill();
            }

            children.Add((child, kill ? -9 : code));
            started.Release();
            Thread asker = new(() =>
            {
                if (code % 3 == 0)
                {
                    child.Join();
                    return;
                }

                while (child.IsAlive)
                {
                    Thread.Yield();
                }
            });
            asker.Start();
            askers.Add(asker);
        }

        Volatile.Write(ref allStarted, true);
        started.Release(waiters.Length);
        Assert.All(askers, a => Assert.True(a.Join(s_soon)));
        Assert.All(waiters, w => Assert.True(w.Join(s_soon)));
        Dictionary<int, int> expected = children.ToDictionary(c => c.Child.Pid!.Value, c => c.Child.ExitCode!.Value);
        foreach ((ChildProcess child, int code) in children)
        {
            Assert.Equal(code, child.ExitCode);
            child.Close();
        }

        Assert.All(taken, t => Assert.Equal(expected[t.Pid], t.Code));
        Assert.Equal(taken.Count, taken.DistinctBy(t => t.Pid).Count());
        Assert.Empty(ChildProcess.ActiveChildren);
    }

    [Fact]
    [TimeLimit(120)]
    public void Of_a_wait_and_a_Join_at_once_both_come_back_and_the_exit_code_is_right()
    {
        int byWait = 0;
        int byJoin = 0;
        for (int round = 0; round < 200; round++)
        {
            using ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
            int pid = child.Pid!.Value;
            string? joined = null;
            string? waited = null;
            using Barrier together = new(3);
            Thread join = new(() =>
            {
                together.SignalAndWait();
                joined = $"{child.Join(s_soon)} {child.ExitCode}";
            });
            Thread wait = new(() =>
            {
                together.SignalAndWait();
                try
                {
                    waited = $"{Os.WaitPid(pid) == (pid, new WaitStatus(9))}";
                }
                catch (NoChildProcessException)
                {
                    waited = "ECHILD";
                }
            });
            join.Start();
            wait.Start();
            together.SignalAndWait();
            Os.Kill(pid, Signal.Kill);
            Assert.True(join.Join(s_soon));
            Assert.True(wait.Join(s_soon));
            Assert.Equal("True -9", joined);
            Assert.Contains(waited, (string?[])["True", "ECHILD"]);
            (waited == "True" ? ref byWait : ref byJoin)++;
        }

        TestContext.Current.SendDiagnosticMessage($"{byWait} by waitpid, {byJoin} by Join");
        Assert.Equal(200, byWait + byJoin);
    }

    /// <summary>As native code that takes whatever ends.</summary>
    private static unsafe void Reap(int pid)
    {
        int status;
        Assert.Equal(pid, waitpid(pid, &status, 0));
    }

    private static unsafe int ReapAny()
    {
        int status;
        return waitpid(-1, &status, 0);
    }

    [LibraryImport("libc")]
    private static unsafe partial int waitpid(int pid, int* status, int options);
}
