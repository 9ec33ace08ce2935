using System.Reflection;
using Multiprocessing;
using Xunit;

public sealed class UnitTests
{
    [Fact]
    public async Task A_child_runs_a_closure()
    {
        int number = 20;
        string? entry = Assembly.GetEntryAssembly()?.GetName().Name;
        Assert.Equal(42, await ChildProcess.RunAsync(() => number + 22));
        Assert.Equal(entry, await ChildProcess.RunAsync(static () => Assembly.GetEntryAssembly()?.GetName().Name));
        ChildFailedException failure = await Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(static () => int.Parse("x")));
        Assert.IsType<FormatException>(failure.InnerException);
    }
}
