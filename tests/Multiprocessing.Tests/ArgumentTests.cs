namespace Multiprocessing.Tests;

public sealed class ArgumentTests
{
    private static readonly ChildProcessOptions s_piped = new() { StandardOutput = StandardStream.Pipe };

    [Fact]
    [Conformance(2)]
    public void Positional_and_named_arguments_and_defaults_reach_the_target() =>
        Assert.Equal("hello world! x3", OutputOf(Greet, ["world"], new Dictionary<string, object?> { ["times"] = 3 }));

    [Fact]
    [Conformance(3)]
    public void A_single_argument_that_is_itself_a_collection_is_not_spread() =>
        Assert.Equal("2", OutputOf(Count, [new object?[] { 1, "b" }]));

    [Fact]
    public void A_missing_a_wrong_and_an_unknown_argument_are_refused_by_name()
    {
        Assert.Contains("'name'", Assert.Throws<ArgumentException>(() => new ChildProcess(Greet)).Message, StringComparison.Ordinal);
        Assert.Contains("'times'", Assert.Throws<ArgumentException>(() => new ChildProcess(Greet, ["x", "!", "three"])).Message, StringComparison.Ordinal);
        Dictionary<string, object?> unknown = new() { ["tims"] = 3 };
        Assert.Contains("'tims'", Assert.Throws<ArgumentException>(() => new ChildProcess(Greet, ["x"], unknown)).Message, StringComparison.Ordinal);
        Dictionary<string, object?> twice = new() { ["name"] = "y" };
        Assert.Contains("'name'", Assert.Throws<ArgumentException>(() => new ChildProcess(Greet, ["x"], twice)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ChildProcess(Greet, ["x", "!", 1, 2]));
    }

    [Theory]
    [InlineData(1000, false)]
    [InlineData(true, false)]
    [InlineData(1.5, false)]
    [InlineData((byte)7, true)]
    public void A_number_that_would_have_to_be_cut_is_refused_and_one_that_is_widened_is_not(object value, bool fits)
    {
        if (fits)
        {
            using ChildProcess child = new((short _) => { }, [value]);
            return;
        }

        Assert.Contains("must be a Byte", Assert.Throws<ArgumentException>(() => new ChildProcess((byte _) => { }, [value])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_that_is_null_is_refused_at_once()
    {
        Assert.Throws<ArgumentNullException>(() => new ChildProcess((Action)null!));
        Assert.Throws<ArgumentNullException>(() => new ChildProcess((Func<Task>)null!));
        Assert.Throws<ArgumentNullException>(() => new ChildProcess((Delegate)null!));
    }

    [Fact]
    public void A_value_task_is_awaited_too()
    {
        using ChildProcess child = ChildProcess.Start(new Func<ValueTask<int>>(FailLater), args: [], options: new ChildProcessOptions { StandardError = StandardStream.Null });
        child.Join();
        Assert.Equal(1, child.ExitCode);
    }

    [Fact]
    public void An_argument_that_cannot_cross_is_refused_by_name()
    {
        using ChildProcess child = new(new Action<Stream>(s => s.Flush()), args: [Stream.Null]);
        NotSerializableException refusal = Assert.Throws<NotSerializableException>(child.Start);
        Assert.Equal("the argument 's'", refusal.Subject);
    }

    private static string OutputOf(Delegate target, object?[] args, IReadOnlyDictionary<string, object?>? kwargs = null)
    {
        using ChildProcess child = ChildProcess.Start(target, args, kwargs, options: s_piped);
        using StreamReader reader = new(child.StandardOutput!);
        string text = reader.ReadToEnd().TrimEnd();
        child.Join();
        Assert.Equal(0, child.ExitCode);
        return text;
    }

    private static async ValueTask<int> FailLater()
    {
        await Task.Yield();
        throw new InvalidOperationException("after the await");
    }

    private static void Greet(string name, string end = "!", int times = 1) => Console.WriteLine($"hello {name}{end} x{times}");

    private static void Count(object?[] items) => Console.WriteLine(items.Length);
}
