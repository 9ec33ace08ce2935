using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

public sealed class ExitCodeTests
{
    [Fact]
    [Conformance(37)]
    public void Returning_gives_0() => Assert.Equal(0, ExitCodeOf(() => { }));

    [Fact]
    [Conformance(37)]
    public void Whatever_a_target_returns_gives_0()
    {
        using ChildProcess child = new(new Func<int>(() => 7), args: []);
        child.Start();
        child.Join();
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    [Conformance(37, 38)]
    public void An_unhandled_exception_gives_1_and_a_report_on_standard_error()
    {
        (int? code, string error) = RunWithError(() => throw new InvalidOperationException("nobody takes this"));
        Assert.Equal(1, code);
        Assert.Contains("System.InvalidOperationException: nobody takes this", error, StringComparison.Ordinal);
        Assert.Contains(nameof(ExitCodeTests), error, StringComparison.Ordinal);
        Assert.Contains("Process-", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Unhandled_exceptions_on_several_threads_at_once_give_1()
    {
        for (int i = 0; i < 5; i++)
        {
            using ChildProcess child = ChildProcess.Start(
                () =>
                {
                    using Barrier together = new(3);
                    for (int j = 0; j < 3; j++)
                    {
                        new Thread(() =>
                        {
                            together.SignalAndWait();
                            throw new InvalidOperationException();
                        }).Start();
                    }

                    Thread.Sleep(Timeout.Infinite);
                },
                options: new ChildProcessOptions { StandardError = StandardStream.Null });
            child.Join();
            Assert.Equal(1, child.ExitCode);
        }
    }

    [Fact]
    public void A_child_that_ends_by_an_exception_on_another_thread_joins_its_children_too()
    {
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                ChildProcess.Start(() =>
                {
                    Thread.Sleep(200);
                    Console.WriteLine("grandchild ends");
                });
                new Thread(() => throw new InvalidOperationException()).Start();
                Thread.Sleep(Timeout.Infinite);
            },
            options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe, StandardError = StandardStream.Null });
        using StreamReader reader = new(child.StandardOutput!);
        Assert.Equal("grandchild ends\n", reader.ReadToEnd());
        child.Join();
        Assert.Equal(1, child.ExitCode);
    }

    [Fact]
    public void An_unhandled_exception_on_another_thread_gives_1_too()
    {
        (int? code, string error) = RunWithError(() =>
        {
            Thread thread = new(() => throw new InvalidOperationException("from a thread"));
            thread.Start();
            thread.Join();
            Thread.Sleep(Timeout.Infinite);
        });
        Assert.Equal(1, code);
        Assert.Contains("from a thread", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("work item")]
    [InlineData("async void")]
    [InlineData("timer")]
    [Conformance(37, 38)]
    public void An_unhandled_exception_on_a_thread_of_the_pool_gives_1_and_a_report(string from)
    {
        (int? code, string error) = RunWithError(() => ThrowOnThePool(from));
        Assert.Equal(1, code);
        Assert.Contains($"System.InvalidOperationException: from a {from}", error, StringComparison.Ordinal);
        Assert.Contains(nameof(ThrowOnThePool), error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unhandled_exception_on_a_thread_of_the_pool_goes_to_whoever_awaits_the_child()
    {
        ChildFailedException failure = await Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(() => ThrowOnThePool("work item")));
        Assert.Equal("from a work item", Assert.IsType<InvalidOperationException>(failure.InnerException).Message);
    }

    [Fact]
    public async Task An_exception_beside_a_large_result_leaves_one_of_the_two()
    {
        for (int i = 0; i < 5; i++)
        {
            try
            {
                byte[] result = await ChildProcess.RunAsync(() =>
                {
                    new Thread(() =>
                    {
                        Thread.SpinWait(100_000); // by then the result is being sent
                        throw new InvalidOperationException("beside the result");
                    }).Start();
                    return new byte[20_000_000];
                });
                Assert.Equal(20_000_000, result.Length);
            }
            catch (ChildFailedException failure)
            {
                Assert.Equal("beside the result", failure.InnerException!.Message);
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 3)]
    [InlineData(255, 255)]
    [InlineData(256, 0)]
    [InlineData(-1, 255)]
    [Conformance(36)]
    public void Exit_gives_its_code_modulo_256(int code, int expected) => Assert.Equal(expected, ExitCodeOf(() => ProcessExit.Exit(code)));

    [Fact]
    [Conformance(36)]
    public void Exit_without_a_code_gives_0() => Assert.Equal(0, ExitCodeOf(() => ProcessExit.Exit()));

    [Fact]
    public void Exit_can_be_caught_on_its_way_out() => Assert.Equal(0, ExitCodeOf(() =>
    {
        try
        {
            ProcessExit.Exit(3);
        }
        catch (ProcessExitException exit) when (exit.ExitCode == 3)
        {
        }
    }));

    [Fact]
    public void Environment_Exit_gives_its_code() => Assert.Equal(9, ExitCodeOf(() => Environment.Exit(9)));

    [Fact]
    public void The_immediate_exit_gives_its_code() => Assert.Equal(200, ExitCodeOf(() => Os._Exit(200)));

    [Theory]
    [InlineData(9)]
    [InlineData(15)]
    [InlineData(10)]
    public void A_signal_gives_its_number_negated(int number)
    {
        using ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
        child.Send(new Signal(number));
        child.Join();
        Assert.Equal(-number, child.ExitCode);
        Assert.Equal(new Signal(number), child.ExitStatus?.Signal);
        Assert.Equal(StopReason.Signaled, child.ExitStatus?.Reason);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(15)]
    [InlineData(39)]
    [Conformance(254)]
    public void A_signal_that_was_handled_leaves_the_exit_code_of_a_later_return_as_it_is(int number)
    {
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                using SemaphoreSlim handled = new(0);
                using IDisposable handler = Os.Handle(new Signal(number), _ => handled.Release());
                Console.WriteLine("ready");
                handled.Wait();
                Console.WriteLine("handled");
            },
            options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe });
        using StreamReader output = new(child.StandardOutput!);
        Assert.Equal("ready", output.ReadLine());
        child.Send(new Signal(number));
        Assert.Equal("handled\n", output.ReadToEnd());
        child.Join();
        Assert.Equal((0, StopReason.Exited), (child.ExitCode, child.ExitStatus?.Reason));
    }

    [Fact]
    public void What_a_child_used_is_in_its_status()
    {
        using ChildProcess child = ChildProcess.Start(() => { });
        child.Join();
        Assert.True(child.ExitStatus!.Usage.MaxResidentBytes > 1_000_000);
        Assert.True(child.ExitStatus.Usage.UserTime + child.ExitStatus.Usage.SystemTime > TimeSpan.Zero);
    }

    private static void ThrowOnThePool(string from)
    {
        switch (from)
        {
            case "work item":
                ThreadPool.QueueUserWorkItem(_ => throw new InvalidOperationException($"from a {from}"));
                break;
            case "async void":
                ThrowLater();
                break;
            default:
                _ = new Timer(_ => throw new InvalidOperationException($"from a {from}"), null, 0, Timeout.Infinite);
                break;
        }

        Thread.Sleep(Timeout.Infinite);

        async void ThrowLater()
        {
            await Task.Yield();
            throw new InvalidOperationException($"from a {from}");
        }
    }

    private static int? ExitCodeOf(Action target)
    {
        using ChildProcess child = ChildProcess.Start(target);
        child.Join();
        return child.ExitCode;
    }

    private static (int? Code, string Error) RunWithError(Action target)
    {
        using ChildProcess child = ChildProcess.Start(target, options: new ChildProcessOptions { StandardError = StandardStream.Pipe });
        using StreamReader reader = new(child.StandardError!);
        string error = reader.ReadToEnd();
        child.Join();
        return (child.ExitCode, error);
    }
}
