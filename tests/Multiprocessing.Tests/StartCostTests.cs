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

    private static void Nothing()
    {
    }
}
