namespace Multiprocessing.Tests;

/// <summary>What an option cannot be is said where it is set, by its name.</summary>
public sealed class BadOptionTests
{
    private static readonly Dictionary<string, Func<ChildProcessOptions>> s_bad = new()
    {
        [nameof(ChildProcessOptions.MemoryLimit)] = () => new() { MemoryLimit = 0 },
        [nameof(ChildProcessOptions.CpuTimeLimit)] = () => new() { CpuTimeLimit = TimeSpan.Zero },
        [nameof(ChildProcessOptions.Timeout)] = () => new() { Timeout = TimeSpan.FromSeconds(-5) },
        [nameof(ChildProcessOptions.TerminateTimeout)] = () => new() { TerminateTimeout = TimeSpan.FromTicks(-1) },
        [nameof(ChildProcessOptions.Nice)] = () => new() { Nice = 20 },
        [nameof(ChildProcessOptions.CpuAffinity)] = () => new() { CpuAffinity = [] },
        [nameof(ChildProcessOptions.ProcessGroup)] = () => new() { ProcessGroup = -1 },
        [nameof(ChildProcessOptions.WorkingDirectory)] = () => new() { WorkingDirectory = "" },
        [nameof(ChildProcessOptions.User)] = () => new() { User = new ChildUser(unchecked((uint)-1), 0) },
        [nameof(ChildProcessOptions.Limits)] = () => new() { Limits = new Dictionary<Posix.Resource, Posix.ResourceLimit> { [Posix.Resource.Core] = new(-5, null) } },
        [nameof(ChildProcessOptions.StandardInput)] = () => new() { StandardInput = (StandardStream)99 },
        [nameof(ChildProcessOptions.StandardOutput)] = () => new() { StandardOutput = (StandardStream)99 },
        [nameof(ChildProcessOptions.StandardError)] = () => new() { StandardError = (StandardStream)(-1) },
        [nameof(ChildProcessOptions.StartMethod)] = () => new() { StartMethod = (StartMethod)9 },
    };

    public static TheoryData<string> Names => [.. s_bad.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_value_that_an_option_cannot_have_is_refused_at_once(string name) =>
        Assert.Equal(name, Assert.ThrowsAny<ArgumentException>(() => s_bad[name]()).ParamName);

    [Fact]
    public void Values_at_the_edge_are_none_of_those()
    {
        ChildProcessOptions options = new()
        {
            MemoryLimit = null,
            CpuTimeLimit = null,
            Timeout = Timeout.InfiniteTimeSpan,
            TerminateTimeout = TimeSpan.Zero,
            Nice = -20,
            CpuAffinity = null,
            ProcessGroup = 0,
            WorkingDirectory = null,
        };
        Assert.Null(options.Timeout);
        Assert.Equal(-20, (options with { MemoryLimit = 1 }).Nice);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChildProcessOptions { CpuAffinity = [0, -1] });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { Nice = -21 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { User = new ChildUser(0, uint.MaxValue) });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { User = new ChildUser(0, 0, 1, uint.MaxValue) });
    }

    [Fact]
    [Conformance(26)]
    public void A_start_method_that_is_not_here_is_refused_when_the_child_is_made()
    {
        PlatformNotSupportedException refusal = Assert.Throws<PlatformNotSupportedException>(() => new ChildProcess(Nothing, options: new ChildProcessOptions { StartMethod = StartMethod.Fork }));
        Assert.Contains("Os.Fork", refusal.Message, StringComparison.Ordinal);
        if (!ForkServer.IsSupported(out string? reason))
        {
            refusal = Assert.Throws<PlatformNotSupportedException>(() => new ChildProcess(Nothing, options: new ChildProcessOptions { StartMethod = StartMethod.ForkServer }));
            Assert.Equal(reason, refusal.Message);
        }

        ChildProcessOptions options = new() { StartMethod = StartMethod.Spawn };
        using ChildProcess child = ChildProcess.Start(Nothing, options: options);
        child.Join();
        Assert.Equal(0, child.ExitCode);
        Assert.Equal(StartMethod.Spawn, options.StartMethod);
    }

    private static void Nothing()
    {
    }
}
