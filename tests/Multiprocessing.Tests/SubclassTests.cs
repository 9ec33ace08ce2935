namespace Multiprocessing.Tests;

public sealed class SubclassTests
{
    [Fact]
    [Conformance(23)]
    public void A_subclass_says_in_Run_what_the_child_does_and_its_fields_go_along()
    {
        using Counter counter = new(from: 3, ["a", "b"]);
        counter.Start();
        using StreamReader reader = new(counter.StandardOutput!);
        Assert.Equal("counter 3 a,b", reader.ReadLine());
        counter.Join();
        Assert.Equal(0, counter.ExitCode);
    }

    [Fact]
    public void A_subclass_with_a_target_runs_it_by_the_base_method()
    {
        using Doubled doubled = new(() => Console.WriteLine("target"));
        doubled.Start();
        using StreamReader reader = new(doubled.StandardOutput!);
        Assert.Equal("before\ntarget\n", reader.ReadToEnd());
        doubled.Join();
    }

    [Fact]
    public void A_field_that_cannot_cross_is_refused_by_name()
    {
        using Holder holder = new(Stream.Null);
        NotSerializableException refusal = Assert.Throws<NotSerializableException>(holder.Start);
        Assert.StartsWith("The field 'stream' of Holder (NullStream) cannot be sent to another process: ", refusal.Message, StringComparison.Ordinal);
        Assert.False(holder.IsAlive);
    }

    private static readonly ChildProcessOptions s_piped = new() { StandardOutput = StandardStream.Pipe };

    private sealed class Counter(int from, string[] letters) : ChildProcess("counter", options: s_piped)
    {
        protected override void Run() => Console.WriteLine($"{Name} {from} {string.Join(',', letters)}");
    }

    private sealed class Doubled(Action target) : ChildProcess(target, options: s_piped)
    {
        protected override void Run()
        {
            Console.WriteLine("before");
            base.Run();
        }
    }

    private sealed class Holder(Stream stream) : ChildProcess("holder")
    {
        protected override void Run() => stream.Flush();
    }
}
