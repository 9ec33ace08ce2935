using System.Text.Json.Nodes;

namespace Multiprocessing.Tests;

/// <summary>Published programs: the children of most of them are the program itself once more, with a start-up hook that comes before Main.</summary>
public sealed class PublishedTests(PublishedPrograms programs) : IClassFixture<PublishedPrograms>
{
    [Fact]
    [Conformance(31)]
    public void A_self_contained_program_starts_children() => ExpectedOutput.AssertAll(programs.SelfContained.Run());

    [Fact]
    public void A_precompiled_program_starts_children() => ExpectedOutput.AssertAll(programs.Precompiled.Run());

    [Fact]
    [Conformance(31)]
    public void A_single_file_on_the_installed_framework_starts_children() => ExpectedOutput.AssertAll(programs.SingleFile.Run());

    [Fact]
    [Conformance(31)]
    public void A_single_file_with_the_framework_in_it_starts_children() => ExpectedOutput.AssertAll(programs.WholeInOne.Run("after-chdir"));

    [Fact]
    public void A_single_file_that_unpacks_itself_starts_children() => ExpectedOutput.AssertAll(programs.Extracting.Run());

    [Fact]
    [Conformance(33)]
    public void The_runtime_switches_of_a_single_file_are_in_force_in_children_and_theirs()
    {
        (int code, string output) = programs.WholeInOne.Run(programs.WholeInOne.PathOf("App"), ["switches"], environment: [("DOTNET_TieredCompilation", "0")]);
        string[] lines = output.Split('\n');
        Assert.Equal("on, invariant True, tiers 0, culture ", lines[1]);
        Assert.Equal([lines[1], lines[1]], lines[2..4]);
        Assert.Equal(0, code);
    }

    [Fact]
    [Conformance(31)]
    public void A_trimmed_program_starts_children() => ExpectedOutput.AssertAll(programs.Trimmed.Run());

    [Fact]
    public void A_program_compiled_ahead_of_time_starts_children()
    {
        ExpectedOutput.AssertAll(programs.AheadOfTime.Run());
        TestContext.Current.SendDiagnosticMessage(programs.AheadOfTime.Run("time").Output);
    }

    [Fact]
    public void A_program_compiled_ahead_of_time_says_what_cannot_cross()
    {
        (int code, string output) = programs.AheadOfTime.Run("refusals");
        Assert.Equal(
            """
            Main runs
            1 x 3 Order { Number = 4, Text = y, Next =  }
            The result (Queue<Int32>) cannot be sent to another process: it cannot be made again from its elements in a program compiled ahead of time (Native AOT); return plain data.
            A lambda in RefusalsAheadOfTime captures `stream` (MemoryStream; under Native AOT a lambda takes all variables of its scope along, whether it reads them or not), which cannot be sent to another process: it is an open stream of this process; open it inside the lambda.

            """,
            output);
        Assert.Equal(0, code);
    }

    [Fact]
    public void A_program_compiled_ahead_of_time_that_lost_the_names_of_its_variables_says_so()
    {
        (int code, string output) = programs.AheadOfTimeBare.Run();
        Assert.StartsWith("Main runs\nNotSerializableException: The target (<>c__DisplayClass", output, StringComparison.Ordinal);
        Assert.EndsWith(") cannot be sent to another process: ahead-of-time compilation left out the names by which a child would find its members; keep the assembly whole with <TrimMode>partial</TrimMode>, which this package sets unless the project does, or with <TrimmerRootAssembly Include=\"App\" />.\n", output, StringComparison.Ordinal);
        Assert.Equal(3, code);
    }

    [Theory]
    [InlineData("single-file")]
    [InlineData("whole-in-one")]
    [InlineData("ahead-of-time")]
    public void One_file_that_was_deleted_or_replaced_while_it_runs_says_so_when_it_starts_a_child(string name)
    {
        BuiltProgram program = name == "single-file" ? programs.SingleFile : name == "whole-in-one" ? programs.WholeInOne : programs.AheadOfTime;
        program.RequireBuilt();
        string copy = Path.Combine(programs.Root, $"copy of {name}");
        File.Copy(program.PathOf("App"), copy);
        (int code, string output) = program.Run(copy, ["replace", "/bin/true", copy]);
        Assert.Equal($"Main runs\n42\nInvalidOperationException: The program '{copy}' was deleted or replaced while it runs, so no child can be started with the same code; start it again.\n", output);
        Assert.Equal(3, code);
    }

    [Theory]
    [InlineData("whole-in-one")]
    [InlineData("ahead-of-time")]
    [Conformance(32)]
    public void One_file_that_runs_Main_although_it_was_started_as_a_child_starts_none(string name)
    {
        BuiltProgram program = name == "whole-in-one" ? programs.WholeInOne : programs.AheadOfTime;
        (int code, string output) = program.Run(program.PathOf("App"), [], environment: [("MULTIPROCESSING_HANDOVER", "34")]);
        Assert.StartsWith("Main runs\nInvalidOperationException: This process was started as a child, but runs Main instead of its work", output, StringComparison.Ordinal);
        Assert.Equal(3, code);
    }

    /// <summary>A program whose children's way in is a start-up hook must not start itself without end where the hook does not run.</summary>
    [Fact]
    [Conformance(32)]
    public void A_trimmed_program_without_hooks_refuses_to_start_children_and_a_child_that_runs_Main_all_the_same_starts_none()
    {
        (int code, string output) = programs.TrimmedBare.Run();
        Assert.StartsWith("Main runs\nInvalidOperationException: Start-up hooks are switched off in this application", output, StringComparison.Ordinal);
        Assert.Equal(3, code);

        // As if the switch had never been in the settings. The trimmed code stays without hooks.
        string path = programs.TrimmedBare.PathOf("App.runtimeconfig.json");
        JsonNode settings = JsonNode.Parse(File.ReadAllText(path))!;
        Assert.True(settings["runtimeOptions"]!["configProperties"]!.AsObject().Remove("System.StartupHookProvider.IsSupported"));
        File.WriteAllText(path, settings.ToJsonString());
        (code, output) = programs.TrimmedBare.Run();
        Assert.Equal(3, code);
        Assert.Equal(2, output.Split("Main runs").Length - 1);
        Assert.Contains("This process was started as a child, but runs Main instead of its work", output, StringComparison.Ordinal);
        Assert.Contains("StartupHookSupport", output, StringComparison.Ordinal);
    }
}
