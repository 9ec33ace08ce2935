namespace Multiprocessing.Tests;

public sealed class StartCostTests
{
    /// <summary>Each method that a child has compiled before its work costs all children a quarter of a millisecond or more.</summary>
    [Fact]
    public void A_child_reaches_its_work_on_precompiled_code()
    {
        string list = Path.Combine(Path.GetTempPath(), "compiled");
        Environment.SetEnvironmentVariable("DOTNET_JitDisasmSummary", "1");
        Environment.SetEnvironmentVariable("DOTNET_JitStdOutFile", list);
        try
        {
            using ChildProcess child = new(Nothing);
            child.Start();
            child.Join();
            Assert.Equal(0, child.ExitCode);
            string[] compiled = File.ReadAllLines(list);
            Assert.True(compiled.Length is > 0 and <= 4, string.Join('\n', compiled)); // its target, the entry's stub
        }
        finally
        {
            Environment.SetEnvironmentVariable("DOTNET_JitDisasmSummary", null);
            Environment.SetEnvironmentVariable("DOTNET_JitStdOutFile", null);
            File.Delete(list);
        }
    }

    [Fact]
    public async Task A_child_that_gets_and_gives_scalars_strings_and_arrays_loads_no_serializer()
    {
        int number = 5;
        string text = "a";
        object?[] array = [1, null, "a", new[] { 1.5 }, DayOfWeek.Friday];
        Assert.DoesNotContain("PolyType", await ChildProcess.RunAsync(() => Loaded(number + array.Length + text.Length)));
    }

    /// <summary>Making code for a type costs more than a whole start; a child that gets a few values of it must not pay that.</summary>
    [Fact]
    public async Task A_child_that_gets_and_gives_a_few_objects_makes_no_code_for_their_types()
    {
        Sample sample = new(1, "a", [1.5, 2.5]);
        (string[] loaded, Sample back) = await ChildProcess.RunAsync(() => (Loaded(sample.Number), sample));
        Assert.DoesNotContain("System.Reflection.Emit.Lightweight", loaded);
        Assert.Equal((sample.Number, sample.Text), (back.Number, back.Text));
    }

    private static string[] Loaded(int _) => [.. AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetName().Name!)];

    private sealed record Sample(int Number, string Text, List<double> List);

    private static void Nothing()
    {
    }
}
