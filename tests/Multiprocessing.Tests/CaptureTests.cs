using System.Linq.Expressions;

namespace Multiprocessing.Tests;

public sealed class CaptureTests
{
    private readonly int _factor = 3;
    private readonly Stream? _stream = Stream.Null;

    [Fact]
    public async Task Only_the_variables_that_a_lambda_reads_travel()
    {
        using FileStream stream = File.OpenRead("/dev/null");
        int number = 5;
        Func<int> other = () => stream.ReadByte();
        Assert.Equal(10, await ChildProcess.RunAsync(() => number * 2));
        Assert.Equal(-1, other());
    }

    [Fact]
    public async Task A_lambda_that_reads_an_open_stream_is_refused_by_the_variables_name()
    {
        using FileStream stream = File.OpenRead("/dev/null");
        NotSerializableException refusal = await Assert.ThrowsAsync<NotSerializableException>(() => ChildProcess.RunAsync(() => stream.ReadByte()));
        Assert.Matches(@"^The lambda at CaptureTests\.cs:\d+ captures `stream` \(FileStream\), which cannot be sent to another process: .*open it inside the lambda\.$", refusal.Message);
        Assert.Equal(typeof(FileStream), refusal.SubjectType);
        Assert.StartsWith("the variable 'stream' captured by the lambda at CaptureTests.cs:", refusal.Subject, StringComparison.Ordinal);
        Assert.Empty(ChildProcess.ActiveChildren);
    }

    [Fact]
    public async Task An_async_lambda_takes_only_what_its_state_machine_reads()
    {
        using FileStream stream = File.OpenRead("/dev/null");
        int number = 5;
        Func<Task<int>> other = async () => await stream.ReadAsync(new byte[1]);
        Assert.Equal(15, await ChildProcess.RunAsync(async () =>
        {
            await Task.Yield();
            int tripled = number * 3;
            await Task.Delay(1);
            return tripled;
        }));
        NotSerializableException refusal = await Assert.ThrowsAsync<NotSerializableException>(() => ChildProcess.RunAsync(async () =>
        {
            await Task.Yield();
            return stream.ReadByte();
        }));
        Assert.Contains("the lambda at CaptureTests.cs:", refusal.Subject, StringComparison.Ordinal);
        Assert.Equal(0, await other());
    }

    [Fact]
    public async Task Variables_of_several_scopes_travel()
    {
        int total = 0;
        int outer = 1;
        foreach (int inner in new[] { 10, 20 })
        {
            total += await ChildProcess.RunAsync(() => inner + outer);
        }

        Assert.Equal(32, total);
    }

    [Fact]
    public async Task Local_functions_nested_lambdas_and_iterators_bring_the_variables_that_they_read()
    {
        using FileStream stream = File.OpenRead("/dev/null");
        int a = 1;
        int b = 2;
        int c = 3;
        int d = 4;
        int Local() => a;
        IEnumerable<int> Iterate()
        {
            yield return b;
            yield return c;
        }

        int result = await ChildProcess.RunAsync(() =>
        {
            Func<int> nested = () => d;
            return Local() + Iterate().Sum() + nested();
        });
        Assert.Equal(10, result);
        Assert.Equal(-1, stream.ReadByte());
        Func<int> other = () => stream.ReadByte();
        Assert.NotNull(other);
    }

    [Fact]
    public async Task A_captured_delegate_travels_and_shares_its_variables_with_the_lambda()
    {
        int count = 0;
        Action increment = () => count++;
        int seen = await ChildProcess.RunAsync(() =>
        {
            increment();
            increment();
            return count;
        });
        Assert.Equal(2, seen);
        Assert.Equal(0, count);
    }

    [Fact]
    public async Task A_recursive_lambda_travels()
    {
        Func<int, int> fib = null!;
        fib = n => n < 2 ? 1 : fib(n - 1) + fib(n - 2);
        Assert.Equal(89, await ChildProcess.RunAsync(() => fib(10)));
    }

    [Fact]
    public async Task A_delegate_cached_by_the_compiler_in_its_own_closure_does_not_recurse()
    {
        int limit = 3;
        int[] numbers = [1, 2, 3, 4];
        for (int round = 0; round < 2; round++)
        {
            int sum = await ChildProcess.RunAsync(() =>
            {
                int total = 0;
                for (int i = 0; i < 2; i++)
                {
                    total += numbers.Where(n => n < limit).Sum();
                }

                return total;
            });
            Assert.Equal(6, sum);
        }
    }

    [Fact]
    public async Task A_field_of_this_travels_with_this()
    {
        Holder holder = new(3);
        Assert.Equal(6, await holder.DoubleAsync());
    }

    [Fact]
    public async Task A_this_that_cannot_cross_is_refused_by_the_fields_name()
    {
        NotSerializableException refusal = await Assert.ThrowsAsync<NotSerializableException>(() => ChildProcess.RunAsync(() => _factor * 2));
        Assert.Contains("captures `this` (CaptureTests), whose field `_stream`", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(_stream);
    }

    [Fact]
    public async Task Writes_in_the_child_stay_in_the_child()
    {
        int number = 1;
        List<int> list = [1];
        await ChildProcess.RunAsync(() =>
        {
            number = 2;
            list.Add(2);
        });
        Assert.Equal(1, number);
        Assert.Single(list);
    }

    [Fact]
    public async Task A_cancellation_token_is_refused_with_advice_unless_nobody_can_cancel_it()
    {
        using CancellationTokenSource source = new();
        CancellationToken token = source.Token;
        CancellationToken none = CancellationToken.None;
        NotSerializableException refusal = await Assert.ThrowsAsync<NotSerializableException>(() => ChildProcess.RunAsync(() => token.ThrowIfCancellationRequested()));
        Assert.Contains("pass the token to RunAsync", refusal.Message, StringComparison.Ordinal);
        Assert.False(await ChildProcess.RunAsync(() => none.CanBeCanceled));
    }

    [Fact]
    public async Task A_lambda_of_a_generic_method_finds_its_types_again() => Assert.Equal("System.Guid 3", await Describe<Guid>(3));

    [Fact]
    public async Task A_method_group_travels()
    {
        Assert.Equal(120, await ChildProcess.RunAsync(Factorial));
        static int Factorial() => 2 * 3 * 4 * 5;
    }

    [Fact]
    public async Task A_method_compiled_at_run_time_is_refused()
    {
        Func<int> compiled = Expression.Lambda<Func<int>>(Expression.Constant(5)).Compile();
        NotSerializableException refusal = await Assert.ThrowsAsync<NotSerializableException>(() => ChildProcess.RunAsync(compiled));
        Assert.Contains("compiled at run time", refusal.Message, StringComparison.Ordinal);
    }

    private static Task<string> Describe<T>(int number) => ChildProcess.RunAsync(() => $"{typeof(T)} {number}");

    private sealed class Holder(int number)
    {
        private readonly int _twice = 2;

        internal Task<int> DoubleAsync() => ChildProcess.RunAsync(() => number * _twice);
    }
}
