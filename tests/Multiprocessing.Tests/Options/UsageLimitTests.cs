using System.Diagnostics;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Limits of time and memory, each really reached.</summary>
public sealed class UsageLimitTests
{
    private const long MiB = 1 << 20;

    [Theory]
    [InlineData(200)]
    [InlineData(1200)]
    public async Task Cpu_time_has_an_end(int milliseconds)
    {
        ChildProcessOptions options = new() { CpuTimeLimit = TimeSpan.FromMilliseconds(milliseconds) };
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(Spin, options));
        ChildExitStatus status = crash.ExitStatus;
        Assert.Equal((StopReason.OverCpu, -9), (status.Reason, status.ExitCode));
        Assert.InRange((status.Usage.UserTime + status.Usage.SystemTime).TotalMilliseconds, milliseconds - 10, milliseconds + 400); // the start-up comes on top
        Assert.Contains("its CPU time was used up (killed by signal 9 (SIGKILL))", crash.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cpu_time_counts_on_all_threads_together_and_not_while_the_child_waits()
    {
        ChildProcessOptions options = new() { CpuTimeLimit = TimeSpan.FromMilliseconds(300) };
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(
            () =>
            {
                new Thread(Spin).Start();
                Spin();
            },
            options));
        Assert.Equal(StopReason.OverCpu, crash.ExitStatus.Reason);
        Assert.InRange((crash.ExitStatus.Usage.UserTime + crash.ExitStatus.Usage.SystemTime).TotalMilliseconds, 290, 590); // not for each

        int slept = await ChildProcess.RunAsync(
            () =>
            {
                Thread.Sleep(500);
                return 1;
            },
            options);
        Assert.Equal(1, slept);
    }

    [Fact]
    public async Task What_a_limited_child_starts_is_limited_in_whole_seconds()
    {
        ChildProcessOptions options = new() { CpuTimeLimit = TimeSpan.FromMilliseconds(300) };
        string seen = await ChildProcess.RunAsync(() => ChildProcess.RunAsync(() => $"{Os.GetLimit(Resource.Cpu)}").GetAwaiter().GetResult(), options);
        Assert.Equal($"{new ResourceLimit(1, 2)}", seen);
    }

    [Fact]
    public async Task A_limit_of_cpu_seconds_is_told_from_another_end()
    {
        ChildProcessOptions options = new() { Limits = new Dictionary<Resource, ResourceLimit> { [Resource.Cpu] = new(1, 3), [Resource.Core] = new(0, 0) } };
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(Spin, options));
        Assert.Equal((StopReason.OverCpu, Signal.Xcpu), (crash.ExitStatus.Reason, crash.ExitStatus.Signal));

        options = new() { CpuTimeLimit = TimeSpan.FromSeconds(30) };
        crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(() => Os.Kill(Os.GetPid(), Signal.Kill), options));
        Assert.Equal(StopReason.Signaled, crash.ExitStatus.Reason);
    }

    [Fact]
    public void A_child_that_we_kill_was_not_over_its_time_though_its_start_took_longer()
    {
        using ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: new ChildProcessOptions { CpuTimeLimit = TimeSpan.FromMilliseconds(30) });
        child.Kill();
        child.Join();
        Assert.Equal((StopReason.Signaled, -9), (child.ExitStatus!.Reason, child.ExitCode));
    }

    [Fact]
    public void A_signal_to_a_child_that_has_ended_does_not_change_why_it_did()
    {
        using ChildProcess child = ChildProcess.Start(Spin, options: new ChildProcessOptions { CpuTimeLimit = TimeSpan.FromMilliseconds(100) });
        Os.Poll((SafeDescriptorHandle)child.Sentinel, PollEvents.Readable);
        child.Kill();
        child.Join();
        Assert.Equal(StopReason.OverCpu, child.ExitStatus!.Reason);
    }

    [Fact]
    public async Task Cancelling_a_child_whose_time_is_over_already_gives_it_no_more()
    {
        using CancellationTokenSource source = new();
        ChildProcessOptions options = new() { Timeout = TimeSpan.FromSeconds(2), TerminateTimeout = TimeSpan.FromSeconds(2) };
        long start = Stopwatch.GetTimestamp();
        Task task = ChildProcess.RunAsync(
            () =>
            {
                Os.Ignore(Signal.Term);
                Hang(wedged: false);
            },
            options,
            source.Token);
        source.CancelAfter(TimeSpan.FromSeconds(3.5));
        await Assert.ThrowsAnyAsync<Exception>(() => task);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 3.9, 5.4);
    }

    [Theory]
    [InlineData("is terminated")]
    [InlineData("throws")]
    [InlineData("exits")]
    public void A_child_that_ends_in_order_was_not_over_its_memory_though_it_used_nearly_all(string how)
    {
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                List<byte[]> kept = [.. Enumerable.Range(0, 92).Select(_ => new byte[MiB])];
                kept.ForEach(block => Array.Fill(block, (byte)1));
                if (how == "is terminated")
                {
                    Console.WriteLine("full");
                    Thread.Sleep(Timeout.Infinite);
                }

                if (how == "exits")
                {
                    ProcessExit.Exit(3);
                }

                throw new InvalidOperationException("mine");
            },
            options: new ChildProcessOptions { MemoryLimit = 100 * MiB, StandardError = StandardStream.Null, StandardOutput = StandardStream.Pipe });
        if (how == "is terminated")
        {
            Assert.Equal('f', child.StandardOutput!.ReadByte());
            child.Terminate();
        }

        child.Join();
        (int Code, StopReason Reason) expected = how switch
        {
            "is terminated" => (-15, StopReason.Signaled),
            "exits" => (3, StopReason.Exited),
            _ => (1, StopReason.Exited),
        };
        Assert.Equal(expected, (child.ExitCode!.Value, child.ExitStatus!.Reason));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Managed_memory_has_an_end(bool atOnce)
    {
        ChildProcessOptions options = new() { MemoryLimit = 100 * MiB };
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(
            () =>
            {
                List<byte[]> kept = [];
                while (true)
                {
                    byte[] block = new byte[atOnce ? 200 * MiB : MiB];
                    Array.Fill(block, (byte)1);
                    kept.Add(block);
                }
            },
            options));
        Assert.Equal(StopReason.OverMemory, crash.ExitStatus.Reason);
        Assert.IsType<OutOfMemoryException>(crash.InnerException);
        Assert.Contains("its MemoryLimit was not enough", crash.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Up_to_the_limit_managed_memory_is_there()
    {
        int blocks = await ChildProcess.RunAsync(
            () =>
            {
                List<byte[]> kept = [];
                try
                {
                    while (true)
                    {
                        kept.Add(new byte[MiB]);
                        Array.Fill(kept[^1], (byte)1);
                    }
                }
                catch (OutOfMemoryException)
                {
                    return kept.Count; // it may be caught, and is no failure then
                }
            },
            new ChildProcessOptions { MemoryLimit = 100 * MiB });
        Assert.InRange(blocks, 80, 100);
    }

    [Fact]
    public async Task Native_memory_has_an_end()
    {
        ChildProcessOptions options = new() { MemoryLimit = 100 * MiB, StandardError = StandardStream.Null }; // the runtime may say "Out of memory."
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(AllocateNative, options));
        Assert.Equal(StopReason.OverMemory, crash.ExitStatus.Reason);
    }

    [Fact]
    public void A_child_whose_result_nobody_takes_says_why_it_ended_too()
    {
        using ChildProcess child = ChildProcess.Start(
            () => GC.KeepAlive(new byte[200 * MiB]), options: new ChildProcessOptions { MemoryLimit = 100 * MiB, StandardError = StandardStream.Null });
        child.Join();
        Assert.Equal((1, StopReason.OverMemory), (child.ExitCode, child.ExitStatus!.Reason));
    }

    [Fact]
    public async Task A_child_that_dies_in_native_code_of_too_much_memory_is_judged_by_what_it_used()
    {
        // In a process of its own: what this one has used before would hide what the child uses.
        string seen = await ChildProcess.RunAsync(() => $"{EndOf(AbortFull)} {EndOf(Os.Abort)}");
        Assert.Equal("OverMemory SIGABRT Signaled SIGABRT", seen);

        static string EndOf(Action action)
        {
            ChildProcessOptions options = new() { MemoryLimit = 100 * MiB, Limits = new Dictionary<Resource, ResourceLimit> { [Resource.Core] = new(0, 0) } };
            using ChildProcess child = ChildProcess.Start(action, options: options);
            child.Join();
            return $"{child.ExitStatus!.Reason} {child.ExitStatus.Signal!.Value.Name}";
        }

        static void AbortFull()
        {
            try
            {
                AllocateNative();
            }
            catch (OutOfMemoryException)
            {
                Os.Abort(); // as native code does that does not look at what malloc gives
            }
        }
    }

    [Fact]
    public async Task A_limited_childs_other_failures_are_its_own()
    {
        ChildProcessOptions options = new() { MemoryLimit = 100 * MiB, CpuTimeLimit = TimeSpan.FromSeconds(20), Timeout = TimeSpan.FromSeconds(60) };
        ChildFailedException failure = await Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(() => throw new InvalidOperationException("mine"), options));
        Assert.Equal("mine", failure.InnerException!.Message);
    }

    [Fact]
    public void A_memory_limit_below_what_the_runtime_has_already_is_a_start_error()
    {
        using ChildProcess child = new(Spin, options: new ChildProcessOptions { MemoryLimit = 1000 });
        Assert.Equal("MemoryLimit", Assert.Throws<ChildStartException>(child.Start).Option);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_time_has_an_end(bool wedged)
    {
        ChildProcessOptions options = new() { Timeout = TimeSpan.FromMilliseconds(1500), StandardOutput = StandardStream.Pipe };
        long start = Stopwatch.GetTimestamp();
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(() => Hang(wedged), options));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1.5, 15);
        Assert.Equal((StopReason.TimedOut, -9), (crash.ExitStatus.Reason, crash.ExitStatus.ExitCode));
        Assert.Contains("its Timeout ran out (killed by signal 9 (SIGKILL))", crash.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_child_that_is_joined_ends_at_its_time_too_though_nobody_awaits_it()
    {
        using ChildProcess child = ChildProcess.Start(() => Hang(wedged: false), options: new ChildProcessOptions { Timeout = TimeSpan.FromMilliseconds(300) });
        Assert.True(child.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal((StopReason.TimedOut, -9), (child.ExitStatus!.Reason, child.ExitCode));
    }

    [Fact]
    public void A_stopped_child_and_one_that_has_not_begun_end_at_their_time()
    {
        using ChildProcess child = ChildProcess.Start(() => Hang(wedged: false), options: new ChildProcessOptions { Timeout = TimeSpan.FromMilliseconds(300) });
        child.Send(Signal.Stop);
        Assert.True(child.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal(StopReason.TimedOut, child.ExitStatus!.Reason);

        using ChildProcess early = ChildProcess.Start(() => Hang(wedged: false), options: new ChildProcessOptions { Timeout = TimeSpan.FromTicks(1) });
        Assert.True(early.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal(StopReason.TimedOut, early.ExitStatus!.Reason);
    }

    [Fact]
    public void Between_SIGTERM_and_SIGKILL_there_is_the_time_that_was_asked_for()
    {
        ChildProcessOptions options = new() { Timeout = TimeSpan.FromMilliseconds(300), TerminateTimeout = TimeSpan.FromSeconds(30), StandardOutput = StandardStream.Pipe };
        using ChildProcess obedient = ChildProcess.Start(() => Hang(wedged: false), options: options);
        obedient.Join();
        Assert.Equal((StopReason.TimedOut, -15), (obedient.ExitStatus!.Reason, obedient.ExitCode));

        using ChildProcess orderly = ChildProcess.Start(
            () =>
            {
                using ManualResetEventSlim asked = new();
                using IDisposable handler = Os.Handle(Signal.Term, _ => asked.Set());
                asked.Wait();
                ProcessExit.Exit(5);
            },
            options: options with { Timeout = TimeSpan.FromSeconds(6) });
        orderly.Join();
        Assert.Equal((StopReason.TimedOut, 5), (orderly.ExitStatus!.Reason, orderly.ExitCode));

        using ChildProcess deaf = ChildProcess.Start(
            () =>
            {
                Os.Ignore(Signal.Term);
                Hang(wedged: false);
            },
            options: options with { Timeout = TimeSpan.FromSeconds(6), TerminateTimeout = TimeSpan.FromMilliseconds(300) });
        deaf.Join();
        Assert.Equal((StopReason.TimedOut, -9), (deaf.ExitStatus!.Reason, deaf.ExitCode));
    }

    [Fact]
    public async Task Cancelling_is_as_gentle_as_the_options_say()
    {
        using CancellationTokenSource source = new();
        ChildProcessOptions options = new() { TerminateTimeout = TimeSpan.FromSeconds(30), StandardOutput = StandardStream.Pipe };
        string folder = Directory.CreateTempSubdirectory("gentle-").FullName;
        string file = Path.Combine(folder, "said-farewell");
        string ready = Path.Combine(folder, "ready");
        Task task = ChildProcess.RunAsync(
            () =>
            {
                using ManualResetEventSlim asked = new();
                using IDisposable handler = Os.Handle(Signal.Term, _ => asked.Set());
                File.WriteAllText(ready, "");
                asked.Wait();
                File.WriteAllText(file, "bye");
                throw new OperationCanceledException();
            },
            options,
            source.Token);
        Assert.True(SpinWait.SpinUntil(() => File.Exists(ready), TimeSpan.FromSeconds(30)));
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.Equal("bye", File.ReadAllText(file));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Where_no_descriptor_is_left_to_wait_with_a_cancelled_child_is_killed_at_once()
    {
        string seen = await ChildProcess.RunAsync(async () =>
        {
            using CancellationTokenSource source = new();
            Task<int> task = ChildProcess.RunAsync(HangAndReturn, new ChildProcessOptions { TerminateTimeout = TimeSpan.FromHours(1) }, source.Token);
            List<SafeDescriptorHandle> all = [];
            Os.SetLimit(Resource.OpenFiles, new ResourceLimit(256, 256));
            string first = 1.5.ToString("N1"); // what the runtime opens late
            try
            {
                while (true)
                {
                    all.Add(Os.EventFd());
                }
            }
            catch (PosixException)
            {
                source.Cancel();
            }

            all.ForEach(descriptor => descriptor.Dispose());
            try
            {
                return $"{await task}";
            }
            catch (OperationCanceledException)
            {
                return "canceled";
            }
        });
        Assert.Equal("canceled", seen);

        static int HangAndReturn()
        {
            Os.Ignore(Signal.Term);
            Thread.Sleep(Timeout.Infinite);
            return 0;
        }
    }

    [Fact]
    public async Task Stopping_is_SIGTERM_and_then_SIGKILL()
    {
        using ChildProcess obedient = ChildProcess.Start(() => Hang(wedged: false));
        ChildExitStatus status = await obedient.StopAsync(Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
        Assert.Equal((-15, Signal.Term, StopReason.Signaled), (status.ExitCode, status.Signal, status.Reason));
        Assert.Equal(status, await obedient.StopAsync(TimeSpan.Zero, TestContext.Current.CancellationToken)); // it has ended

        using ChildProcess deaf = StartDeaf();
        status = await deaf.StopAsync(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        Assert.Equal((-9, Signal.Kill), (status.ExitCode, status.Signal));

        using ChildProcess hurried = StartDeaf();
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(100));
        status = await hurried.StopAsync(Timeout.InfiniteTimeSpan, source.Token);
        Assert.Equal(-9, status.ExitCode);

        using ChildProcess none = new(Spin);
        await Assert.ThrowsAsync<InvalidOperationException>(() => none.StopAsync(TimeSpan.Zero, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => none.StopAsync(TimeSpan.FromSeconds(-2), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_greatest_limits_are_none()
    {
        ChildProcessOptions options = new() { MemoryLimit = long.MaxValue, CpuTimeLimit = TimeSpan.MaxValue, Timeout = TimeSpan.MaxValue, TerminateTimeout = TimeSpan.MaxValue };
        Assert.Equal(5, await ChildProcess.RunAsync(() => 5, options));
        using ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: options);
        Assert.Equal(-15, (await child.StopAsync(TimeSpan.MaxValue, TestContext.Current.CancellationToken)).ExitCode);
    }

    private static ChildProcess StartDeaf()
    {
        ChildProcess child = ChildProcess.Start(
            () =>
            {
                Os.Ignore(Signal.Term);
                Console.WriteLine("deaf");
                Hang(wedged: false);
            },
            options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe });
        Assert.Equal('d', child.StandardOutput!.ReadByte());
        return child;
    }

    private static void Spin()
    {
        while (true)
        {
        }
    }

    private static void Hang(bool wedged)
    {
        if (wedged)
        {
            Os.SignalMask(MaskChange.Set, [.. Enumerable.Range(1, 31).Select(number => new Signal(number))]);
            Os.Pause(); // in native code, with all signals blocked
        }

        Thread.Sleep(Timeout.Infinite);
    }

    private static unsafe void AllocateNative()
    {
        while (true)
        {
            void* block = NativeMemory.Alloc((nuint)MiB);
            NativeMemory.Fill(block, (nuint)MiB, 1);
        }
    }
}
