using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Multiprocessing.Tests;

public sealed class ForkTests
{
    private static readonly string s_unsupported = "Os.Fork works on x64 with the GNU C library, so far.";

    public ForkTests() => Assert.SkipUnless(
        System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64 && File.Exists("/lib64/ld-linux-x86-64.so.2"), s_unsupported);

    [Theory]
    [InlineData("return", "exited, status=21")]
    [InlineData("environment-exit", "exited, status=22")]
    [InlineData("exit", "exited, status=23")]
    [InlineData("_exit", "exited, status=24")]
    [InlineData("thread", "exited, status=25")]
    [InlineData("task", "exited, status=26")]
    [InlineData("exit-code", "exited, status=27")]
    [InlineData("foreground", "exited, status=28")]
    [InlineData("throw", "killed by signal 6 (Aborted)")]
    [InlineData("fail-fast", "killed by signal 6 (Aborted)")]
    [InlineData("abort", "killed by signal 6 (Aborted)")]
    [InlineData("overflow", "killed by signal 6 (Aborted)")]
    [InlineData("killed", "killed by signal 15 (Terminated)")]
    [Conformance(53)]
    public void A_forked_child_ends_with_the_right_status_by_every_way_to_end_and_the_parent_goes_on(string how, string status)
    {
        (int code, string output, _) = TestProgram.Run(["fork-end", how]);
        Assert.Equal(status, output.Replace(", core dumped", "").TrimEnd());
        Assert.Equal(1, code);
    }

    [Fact]
    public void A_forked_child_collects_finalizes_computes_schedules_starts_processes_and_talks() =>
        Assert.Equal((0, "", ""), TestProgram.Run(["fork-works"]));

    [Fact]
    public void After_a_fork_both_processes_use_the_connections_from_before() => Assert.Equal((0, "", ""), TestProgram.Run(["fork-connection"]));

    [Fact]
    public void A_forked_child_has_mapped_files_symbols_and_what_the_kernel_keeps_of_its_threads() => Assert.Equal((0, "", ""), TestProgram.Run(["fork-inherits"]));

    [Fact]
    public void The_smallest_shell_reads_forks_executes_and_waits()
    {
        (int code, string output, string error) = TestProgram.Run(["fork-shell"], environment: null, out _, "echo hello\nfalse\nno-such-program\n");
        Assert.Equal("hello\nexited, status=0\nexited, status=1\nexecvp: No such file or directory (ENOENT): 'no-such-program'\nexited, status=127\n", output);
        Assert.Equal((0, ""), (code, error));
    }

    [Fact]
    public void What_a_child_does_with_handlers_from_before_leaves_the_parent_alone()
    {
        (int code, string output, _) = TestProgram.Run(["fork-inherited-handlers"]);
        Assert.Equal("killed by signal 2 (Interrupt), 0 signals in the parent\n", output);
        Assert.Equal(0, code);
    }

    [Fact]
    public void A_forked_child_puts_into_a_queue_beside_its_parent() => Assert.Equal((0, "40000 items, 0 left\n", ""), TestProgram.Run(["fork-queue"]));

    [Fact]
    public void A_forked_child_can_be_forked_in_turn() => Assert.Equal((43, "", ""), TestProgram.Run(["fork-nested"]));

    [Fact]
    public void Forked_again_and_again_a_process_stays_as_it_is() => Assert.Equal((0, "", ""), TestProgram.Run(["fork-many", "50"]));

    [Theory]
    [InlineData("thread", "it has other threads, which would be missing in the child: mine. Fork before they are started, or when they have ended.")]
    [InlineData("pool", "it has other threads, which would be missing in the child: .NET TP")]
    [InlineData("process", "it has other threads, which would be missing in the child: .NET SigHandler")]
    [InlineData("other-thread", "this is not its main thread, which would be missing in the child. Call Os.Fork on the main thread, not after an await.")]
    [InlineData("listener", "it has other threads, which would be missing in the child: Multiprocessing")]
    [Conformance(54)]
    public void Where_a_fork_would_fail_it_is_refused_and_the_process_goes_on(string why, string reason)
    {
        (int code, string output, _) = TestProgram.Run(["fork-refused", why]);
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Equal(0, code);
        Assert.StartsWith(reason, lines[0]);
        Assert.Equal($"This process cannot be forked: {lines[0]}", lines[1]);
    }

    [Fact]
    public void A_process_that_was_not_started_for_it_cannot_be_forked_and_goes_on()
    {
        (int code, string output, _) = TestProgram.Run(["fork-unprepared"]);
        Assert.Equal(0, code);
        Assert.StartsWith("its runtime was not started for that. Call Os.RestartForkable() first thing in Main.\nThis process cannot be forked: ", output);
    }

    [Fact]
    public void The_program_started_again_has_the_same_process_ID_arguments_and_environment()
    {
        Dictionary<string, string> environment = new() { ["MINE"] = "größe", ["DOTNET_gcServer"] = "1" };
        (int code, string output, _) = TestProgram.Run(["fork-restarted", "a b", "", "ö"], environment, out int pid);
        Assert.Equal(0, code);
        Assert.Equal(
            [
                $"pid {pid}", "args fork-restarted|a b||ö", "DOTNET_EnableWriteXorExecute=unset", "DOTNET_EnableDiagnostics=unset", "DOTNET_gcServer=1",
                "DOTNET_gcConcurrent=unset", "DOTNET_TieredCompilation=unset", "MULTIPROCESSING_FORKABLE=unset", "MINE=größe", "can fork",
            ],
            output.TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_program_of_one_file_which_is_set_up_as_if_for_AOT_can_be_forked_too()
    {
        string program = TestProgram.FilePath;
        JsonNode settings = JsonNode.Parse(File.ReadAllText($"{program}.runtimeconfig.json"))!;
        settings["runtimeOptions"]!["configProperties"]!["System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported"] = false;
        string changed = Path.Combine(Path.GetTempPath(), "changed.runtimeconfig.json");
        File.WriteAllText(changed, settings.ToJsonString());
        try
        {
            using Process process = Process.Start("dotnet", ["exec", "--runtimeconfig", changed, "--depsfile", $"{program}.deps.json", $"{program}.dll", "fork-nested"]);
            process.WaitForExit();
            Assert.Equal(43, process.ExitCode);
        }
        finally
        {
            File.Delete(changed);
        }
    }

    [Fact]
    [Conformance(55)]
    public void Functions_around_a_fork_are_called_in_order()
    {
        (int code, string output, _) = TestProgram.Run(["fork-hooks"]);
        Assert.Equal(0, code);
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Equal(["before 2", "before 1"], lines[..2]);
        Assert.Equal(["parent 1", "parent 2"], lines.Where(line => line.StartsWith("parent")));
        Assert.Equal(["child 1", "child 2"], lines.Where(line => line.StartsWith("child")));
    }

    [Fact]
    public void Parent_and_child_handle_their_own_signals()
    {
        (int code, string output, _) = TestProgram.Run(["fork-signals"]);
        Assert.Equal("usr1 in child, usr1 in child\nusr1 in parent, usr1 in parent\n", output);
        Assert.Equal(7, code);
    }

    [Fact]
    public void Exit_handlers_from_before_the_fork_run_in_both()
    {
        (int code, string output, _) = TestProgram.Run(["fork-exit-handlers"]);
        Assert.Equal("the child's own\nhandler in the child True\nhandler in the parent False\n", output);
        Assert.Equal(4, code);
    }

    [Fact]
    public void A_child_process_dies_with_its_parent_although_a_forked_process_lives_on()
    {
        (_, string output, _) = TestProgram.Run(["fork-beside-child"]);
        Assert.Equal("active in the forked process: 0\nthe child has died with its parent\n", output);
    }

    [Fact]
    public void The_tours_fork_shows_the_same_addresses_with_different_values()
    {
        string tour = AppContext.BaseDirectory.Replace("tests/Multiprocessing.Tests", "samples/Tour");
        using Process process = Process.Start(new ProcessStartInfo(Path.Combine(tour, "Tour"), ["fork"]) { RedirectStandardOutput = true })!;
        using StreamReader reader = process.StandardOutput;
        string output = reader.ReadToEnd();
        process.WaitForExit();
        Match match = Regex.Match(output, @"\Achild: gdata=\[333\] and id\(gdata\)=(0x[0-9a-f]+); ldata=\[666\] and id\(ldata\)=(0x[0-9a-f]+)\nparent: gdata=\[111\] and id\(gdata\)=(0x[0-9a-f]+); ldata=\[222\] and id\(ldata\)=(0x[0-9a-f]+)\n\z");
        Assert.True(match.Success, output);
        Assert.Equal(match.Groups[1].Value, match.Groups[3].Value);
        Assert.Equal(match.Groups[2].Value, match.Groups[4].Value);
    }
}
