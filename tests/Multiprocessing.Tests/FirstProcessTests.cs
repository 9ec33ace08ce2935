namespace Multiprocessing.Tests;

/// <summary>How the first process of an application ends, and whether its exit handlers run.</summary>
public sealed class FirstProcessTests
{
    private const string Handlers = "C3\nB\nA\n";

    // The runtime leaves its files for debuggers behind when a process ends out of order.
    private static readonly Dictionary<string, string> s_environment = new() { ["DOTNET_EnableDiagnostics"] = "0" };

    [Theory]
    [InlineData("return", 5, Handlers)]
    [InlineData("exit", 3, Handlers)]
    [InlineData("exit-in-thread", 4, Handlers)]
    [InlineData("exit-in-task", 6, Handlers)]
    [InlineData("exit-caught", 13, Handlers)]
    [InlineData("environment-exit", 7, Handlers)]
    [InlineData("_exit", 8, "")]
    [InlineData("signal", 128 + 15, "")]
    [InlineData("unregister", 0, "C3\n")]
    [InlineData("handler-registers", 0, "late\n" + Handlers)]
    [InlineData("handler-exits", 9, Handlers)]
    [InlineData("children", 0, "before the child is joined\n" + Handlers + "child ends\n")]
    [Conformance(36)]
    public void It_ends_with_the_right_code_and_runs_its_handlers_in_reverse_order_when_it_ends_in_order(string how, int code, string output) =>
        Assert.Equal((code, output, ""), TestProgram.Run(["first", how], s_environment));

    [Fact]
    public void An_exception_is_NETs_own_end_and_runs_no_handler()
    {
        (int code, string output, string error) = TestProgram.Run(["first", "throw"], s_environment);
        Assert.Equal((134, ""), (code, output));
        Assert.StartsWith("Unhandled exception. System.InvalidOperationException: uncaught", error);
    }

    [Fact]
    public void A_handler_that_throws_keeps_no_other_from_running_and_is_an_uncaught_exception()
    {
        (int code, string output, string error) = TestProgram.Run(["first", "handler-throws"], s_environment);
        Assert.Equal((134, Handlers), (code, output));
        Assert.StartsWith("Unhandled exception. System.InvalidOperationException: from a handler", error);
    }

    [Fact]
    [Conformance(33)]
    public void What_the_runtime_was_told_by_its_settings_file_and_the_environment_holds_in_children_and_grandchildren()
    {
        Dictionary<string, string> environment = new()
        {
            ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1",
            ["DOTNET_SYSTEM_GLOBALIZATION_PREDEFINED_CULTURES_ONLY"] = "0",
            ["DOTNET_TieredCompilation"] = "0",
            ["DOTNET_gcServer"] = "1", // the children's own collector is the workstation's all the same
        };
        string seen = "set . 0 1 none\n";
        Assert.Equal((0, seen + seen + seen, ""), TestProgram.Run(["switches"], environment));
    }

    [Fact]
    public void A_handler_of_SIGCHLD_and_the_runtimes_on_top_of_it_do_not_call_each_other_without_end() =>
        Assert.Equal((0, "first True\nsecond True\nthird True\n", ""), TestProgram.Run(["sigchld-on-top"], s_environment));
}
