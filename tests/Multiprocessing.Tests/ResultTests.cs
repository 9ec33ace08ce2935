namespace Multiprocessing.Tests;

public sealed class ResultTests
{
    [Fact]
    public async Task A_lambda_runs_in_another_process_and_its_result_comes_back()
    {
        int pid = await ChildProcess.RunAsync(() => Environment.ProcessId);
        Assert.NotEqual(Environment.ProcessId, pid);
    }

    [Fact]
    public async Task An_async_lambda_is_awaited_in_the_child()
    {
        string text = await ChildProcess.RunAsync(async () =>
        {
            await Task.Yield();
            return "late";
        });
        Assert.Equal("late", text);
    }

    [Fact]
    public async Task An_async_lambda_without_a_result_is_awaited_too()
    {
        int seconds = 1;
        await Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(async () =>
        {
            await Task.Delay(seconds);
            throw new InvalidOperationException("after the await");
        }));
    }

    [Fact]
    public async Task A_started_child_can_be_awaited_more_than_once()
    {
        using ChildProcess<int> child = ChildProcess.Start(() => 6 * 7);
        Assert.Equal(42, await child);
        Assert.Equal(42, await child.Result);
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public async Task A_result_larger_than_any_buffer_comes_back_whole_though_nobody_reads_it_before_the_join()
    {
        using ChildProcess<byte[]> child = ChildProcess.Start(() => Enumerable.Range(0, 20_000_000).Select(i => (byte)i).ToArray());
        Assert.True(child.Join(TimeSpan.FromSeconds(30)));
        byte[] bytes = await child;
        Assert.Equal(20_000_000, bytes.Length);
        Assert.Equal((byte)199, bytes[^57]);
    }

    [Fact]
    public async Task Arguments_larger_than_any_buffer_arrive_whole()
    {
        byte[] bytes = new byte[20_000_000];
        Random.Shared.NextBytes(bytes);
        long expected = bytes.Sum(b => (long)b);
        Assert.Equal(expected, await ChildProcess.RunAsync(() => bytes.Sum(b => (long)b)));
    }

    [Fact]
    public async Task An_exception_comes_back_as_itself_with_its_message_and_the_childs_stack()
    {
        ChildFailedException failure = await Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(() => Throw("wrong value")));
        ArgumentOutOfRangeException original = Assert.IsType<ArgumentOutOfRangeException>(failure.InnerException);
        Assert.Equal("count", original.ParamName);
        Assert.Equal("wrong value (Parameter 'count')", original.Message);
        Assert.Contains(nameof(Throw), original.StackTrace, StringComparison.Ordinal);
        Assert.Contains(nameof(Throw), failure.RemoteStackTrace, StringComparison.Ordinal);
        Assert.Equal("System.ArgumentOutOfRangeException", failure.RemoteType);
        Assert.Contains("wrong value", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Pid);
    }

    [Fact]
    public async Task An_exception_with_an_odd_constructor_its_fields_and_its_inner_exception_comes_back()
    {
        ChildFailedException failure = await Assert.ThrowsAsync<ChildFailedException>(() =>
            ChildProcess.RunAsync(() => throw new OddException(7, "odd", new InvalidDataException("inside"))));
        OddException original = Assert.IsType<OddException>(failure.InnerException);
        Assert.Equal(7, original.Number);
        Assert.Equal("odd", original.Message);
        Assert.Equal("inside", Assert.IsType<InvalidDataException>(original.InnerException).Message);
    }

    [Fact]
    public async Task A_child_that_exits_without_an_answer_is_a_crash_with_its_exit_code()
    {
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(() => Environment.Exit(9)));
        Assert.Equal(9, crash.ExitStatus.ExitCode);
        Assert.Equal(StopReason.Exited, crash.ExitStatus.Reason);
    }

    [Fact]
    public async Task A_child_that_is_killed_is_a_crash_with_its_signal()
    {
        ChildProcess<int> child = ChildProcess.Start(() =>
        {
            Thread.Sleep(Timeout.Infinite);
            return 0;
        });
        child.Kill();
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => child.Result);
        Assert.Equal(-9, crash.ExitStatus.ExitCode);
        Assert.Equal("SIGKILL", crash.ExitStatus.Signal?.Name);
        Assert.Contains("killed by signal 9 (SIGKILL)", crash.Message, StringComparison.Ordinal);
        child.Close();
    }

    [Fact]
    public async Task A_stack_overflow_in_the_child_leaves_this_process_alone()
    {
        ChildProcessOptions quiet = new() { StandardError = StandardStream.Null };
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(() => Deeper(0), quiet));
        Assert.Equal("SIGABRT", crash.ExitStatus.Signal?.Name);
    }

    [Fact]
    public async Task Cancelling_kills_the_child_though_it_never_looks()
    {
        using CancellationTokenSource cancellation = new();
        Task work = ChildProcess.RunAsync(SpinForEver, cancellation.Token);
        int pid = Assert.Single(ChildProcess.ActiveChildren).Pid!.Value;
        await cancellation.CancelAsync();
        OperationCanceledException canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        Assert.Equal(cancellation.Token, canceled.CancellationToken);
        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task A_token_cancelled_before_starts_nothing()
    {
        using CancellationTokenSource cancellation = new();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ChildProcess.RunAsync(SpinForEver, cancellation.Token));
        Assert.Empty(ChildProcess.ActiveChildren);
    }

    [Fact]
    public async Task An_end_by_a_SIGINT_from_elsewhere_is_told_a_second_later_in_case_it_is_this_processs_end_too()
    {
        using ChildProcess<int> sent = ChildProcess.Start(Never);
        sent.Send(Posix.Signal.Int);
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => sent.Result);
        Assert.Equal(Posix.Signal.Int, crash.ExitStatus.Signal);

        using ChildProcess<int> fromElsewhere = ChildProcess.Start(Never);
        Task<int> result = fromElsewhere.Result;
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Posix.Os.Kill(fromElsewhere.Pid!.Value, Posix.Signal.Int);
        Assert.True(fromElsewhere.Join());
        Assert.Equal(-2, fromElsewhere.ExitCode);
        crash = await Assert.ThrowsAsync<ChildCrashedException>(() => result);
        Assert.Equal(Posix.Signal.Int, crash.ExitStatus.Signal);
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, 0.98, 20); // timers count by a coarse clock, and may be some milliseconds early

        static int Never()
        {
            Thread.Sleep(Timeout.Infinite);
            return 0;
        }
    }

    [Fact]
    public async Task A_result_that_cannot_cross_is_a_failure_that_says_so()
    {
        ChildFailedException failure = await Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(() => File.OpenRead("/dev/null")));
        Assert.Contains("The result (FileStream) cannot be sent to another process", failure.Message, StringComparison.Ordinal);
    }

    private static void Throw(string message) => throw new ArgumentOutOfRangeException("count", message);

    private static void SpinForEver()
    {
        while (true)
        {
        }
    }

    private static int Deeper(int depth) => Deeper(depth + 1) + Deeper(depth + 2);

    private sealed class OddException(int number, string message, Exception inner) : Exception(message, inner)
    {
        public int Number { get; } = number;
    }
}
