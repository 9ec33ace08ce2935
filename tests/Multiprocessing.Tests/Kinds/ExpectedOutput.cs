namespace Multiprocessing.Tests;

/// <summary>What the one program of all kinds (Programs/App.cs) prints.</summary>
internal static class ExpectedOutput
{
    internal const string All = """
        Main runs
        closure: 42 größer6
        exception: The input string 'größer' was not in a correct format.
        generations: 2
        exit code: 7
        environment: 
        place: the same
        collector: workstation, not concurrent

        """;

    internal static void AssertAll((int Code, string Output) run)
    {
        Assert.Equal(All, run.Output);
        Assert.Equal(0, run.Code);
    }
}
