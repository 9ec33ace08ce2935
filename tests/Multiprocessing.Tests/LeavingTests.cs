using System.Diagnostics;

namespace Multiprocessing.Tests;

/// <summary>What becomes of the children when the first process of an application ends.</summary>
/// <remarks>All children hold the program's output, so that its end, for which <see cref="TestProgram"/> waits, is that of the last of them.</remarks>
public sealed class LeavingTests
{
    private static readonly Dictionary<string, string> s_environment = new() { ["DOTNET_EnableDiagnostics"] = "0" };

    [Theory]
    [InlineData("return", 5)]
    [InlineData("exit", 3)]
    [InlineData("environment-exit", 7)]
    [InlineData("environment-exit-beside-a-join", 7)]
    [InlineData("return-while-starting", 6)]
    [InlineData("await-in-thread", 4)]
    public void An_end_in_order_runs_the_handlers_joins_children_and_ends_daemons_and_calls(string how, int code) =>
        Assert.Equal((code, "handler\njoined child ends\n", ""), TestProgram.Run(["leaving", how], s_environment));

    [Fact]
    public void An_uncaught_exception_is_NETs_own_end_and_takes_all_children_along()
    {
        (int code, string output, string error) = TestProgram.Run(["leaving", "throw"], s_environment);
        Assert.Equal((134, ""), (code, output));
        Assert.StartsWith("Unhandled exception. System.InvalidOperationException: uncaught", error);
    }

    [Fact]
    public void A_daemon_that_does_not_heed_SIGTERM_is_killed_after_a_second()
    {
        long start = Stopwatch.GetTimestamp();
        Assert.Equal((0, "handler\njoined child ends\n", ""), TestProgram.Run(["leaving", "daemon-that-stays"], s_environment));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1, 15);
    }
}
