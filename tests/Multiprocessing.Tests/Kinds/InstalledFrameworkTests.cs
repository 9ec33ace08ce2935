namespace Multiprocessing.Tests;

/// <summary>Programs on the installed framework: their children are this library, run by the host with the program's settings.</summary>
public sealed class InstalledFrameworkTests(InstalledFrameworkPrograms programs) : IClassFixture<InstalledFrameworkPrograms>
{
    private static string HostFolder => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));

    private BuiltProgram Console => programs.Console;

    [Fact]
    [Conformance(31)]
    public void A_console_program_starts_children() => ExpectedOutput.AssertAll(Console.Run());

    [Fact]
    public void A_program_that_is_started_through_a_link_starts_children()
    {
        string link = Path.Combine(programs.Root, "link");
        File.CreateSymbolicLink(link, Console.PathOf("App"));
        ExpectedOutput.AssertAll(Console.Run(link, []));
    }

    [Fact]
    public void A_program_that_finds_its_framework_by_a_variable_starts_children() =>
        ExpectedOutput.AssertAll(Console.Run(Console.PathOf("App"), [], environment: [("DOTNET_ROOT", HostFolder), ("PATH", "/nowhere")]));

    [Fact]
    public void A_program_given_to_dotnet_by_a_relative_path_starts_children_after_a_change_of_folder() =>
        ExpectedOutput.AssertAll(Console.Run("dotnet", ["console/out/App.dll", "after-chdir"]));

    [Theory]
    [InlineData(".", "console/out/")]
    [InlineData("hook", "../console/out/")]
    public void A_program_given_to_dotnet_exec_with_relative_options_starts_children_after_a_change_of_folder(string folder, string path) =>
        ExpectedOutput.AssertAll(Console.Run(
            "dotnet",
            ["exec", "--depsfile", $"{path}App.deps.json", "--runtimeconfig", $"{path}App.runtimeconfig.json", $"{path}App.dll", "after-chdir"],
            Path.GetFullPath(folder, programs.Root)));

    /// <summary>There the host would look for the program's assemblies beside the library, so the program runs once more, with a start-up hook.</summary>
    [Fact]
    public void A_program_whose_library_stands_elsewhere_starts_children_after_a_change_of_folder_and_beside_another_hook()
    {
        programs.Hook.RequireBuilt();
        string copy = Copy();
        File.Delete(Path.Combine(copy, "Multiprocessing.dll"));
        File.Delete(Path.Combine(copy, "Multiprocessing.Posix.dll"));
        AssertAllWithHook(Console.Run(
            "dotnet",
            ["exec", "--additionalprobingpath", "../packages", "App.dll", "after-chdir"],
            copy,
            ("DOTNET_STARTUP_HOOKS", programs.Hook.PathOf("Hook.dll"))));
    }

    [Fact]
    [TimeLimit(400)]
    public void A_program_under_dotnet_run_starts_children() =>
        ExpectedOutput.AssertAll(Console.Run("dotnet", ["run", "--no-build", "-c", "Release", "--project", Console.ProjectFile]));

    /// <summary>Start-up hooks are off there.</summary>
    [Fact]
    [TimeLimit(400)]
    public void A_program_of_one_source_file_starts_children()
    {
        string folder = Directory.CreateDirectory(Path.Combine(programs.Root, "script")).FullName; // where there is no project
        string file = Path.Combine(folder, "one file.cs");
        File.WriteAllText(file, $"#:package Multiprocessing@*-*\n#:property UseSharedCompilation=false\n#:property RunAnalyzers=false\n{File.ReadAllText(BuiltPrograms.SourceOf("App.cs"))}");
        ExpectedOutput.AssertAll(Console.Run("dotnet", ["run", file], folder));
    }

    [Fact]
    public void Another_start_up_hook_runs_in_children_too_and_its_variable_stays()
    {
        programs.Hook.RequireBuilt();
        AssertAllWithHook(Console.Run(Console.PathOf("App"), [], environment: [("DOTNET_STARTUP_HOOKS", programs.Hook.PathOf("Hook.dll"))]));
    }

    [Fact]
    public void Settings_of_the_runtime_in_the_environment_stay_as_they_are() =>
        ExpectedOutput.AssertAll(Console.Run(Console.PathOf("App"), [], environment: [("DOTNET_gcServer", "1"), ("DOTNET_gcConcurrent", "1"), ("DOTNET_TieredCompilation", "0"), ("DOTNET_EnableDiagnostics_IPC", "1")]));

    [Fact]
    [Conformance(33)]
    public void The_programs_runtime_switches_are_in_force_in_children_and_theirs()
    {
        (int code, string output) = Console.Run(Console.PathOf("App"), ["switches"], environment: [("DOTNET_TieredCompilation", "0"), ("LANG", "de_AT.UTF-8"), ("LC_ALL", null)]);
        string[] lines = output.Split('\n');
        Assert.StartsWith("on, invariant False, tiers 0, culture de-AT", lines[1], StringComparison.Ordinal);
        Assert.Equal([lines[1], lines[1]], lines[2..4]);
        Assert.Equal(0, code);
    }

    [Fact]
    public void A_web_application_with_a_server_collector_starts_children_with_a_small_one()
    {
        (int code, string output) = programs.Web.Run();
        Assert.Equal("Main runs\nchild: 42, /a/b, server False, not concurrent True\nparent: server True\n", output);
        Assert.Equal(0, code);
    }

    [Fact]
    public void A_worker_service_starts_children()
    {
        (int code, string output) = programs.Worker.Run();
        Assert.Equal("Main runs\nchild: 42\n", output);
        Assert.Equal(0, code);
    }

    [Fact]
    [TimeLimit(400)]
    public void A_test_under_VSTest_starts_children()
    {
        (int code, string output) = programs.UnitTests.Run("dotnet", ["test", programs.UnitTests.PathOf("App.dll")]);
        Assert.True(code == 0, output);
        Assert.Contains("Passed:     1", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Code_in_another_load_context_starts_children_by_the_programs_library_but_not_by_one_of_its_own()
    {
        (int code, string output) = Console.Run("context", Console.PathOf(""));
        Assert.StartsWith("Main runs\nFalse\n42\nInvalidOperationException: The Multiprocessing library was loaded into the assembly load context 'closed'", output, StringComparison.Ordinal);
        Assert.Equal(3, code);
    }

    [Fact]
    public void A_program_that_was_deleted_while_it_runs_says_so_when_it_starts_a_child()
    {
        string copy = Copy();
        (int code, string output) = Console.Run(Path.Combine(copy, "App"), ["delete", Path.Combine(copy, "App.dll")]);
        Assert.Equal($"Main runs\n42\nInvalidOperationException: The program '{copy}/App.dll' was deleted or replaced while it runs, so no child can be started with the same code; start it again.\n", output);
        Assert.Equal(3, code);
    }

    [Fact]
    public void A_program_that_was_built_anew_while_it_runs_says_so_when_it_starts_a_child()
    {
        programs.Hook.RequireBuilt();
        string copy = Copy();
        (int code, string output) = Console.Run(Path.Combine(copy, "App"), ["replace", programs.Hook.PathOf("Hook.dll"), Path.Combine(copy, "App.dll")]);
        Assert.StartsWith("Main runs\n42\nChildFailedException: ", output, StringComparison.Ordinal);
        Assert.Contains("it was rebuilt while the parent ran, so start the parent again", output, StringComparison.Ordinal);
        Assert.Equal(3, code);
    }

    private static void AssertAllWithHook((int Code, string Output) run)
    {
        const string Hook = "a hook runs\n";
        ExpectedOutput.AssertAll((run.Code, run.Output.Replace(Hook, "", StringComparison.Ordinal)));
        Assert.StartsWith(Hook, run.Output, StringComparison.Ordinal);
        Assert.Equal(9, run.Output.Split(Hook).Length - 1); // eight children, one of them a grandchild
    }

    private string Copy()
    {
        Console.RequireBuilt();
        string copy = Directory.CreateDirectory(Path.Combine(programs.Root, $"copy {Guid.NewGuid():N}")).FullName;
        foreach (string file in Directory.GetFiles(Console.PathOf("")))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }
}
