namespace Multiprocessing.Tests;

public sealed class DebuggerOptionTests
{
    private static readonly ChildProcessOptions s_piped = new() { StandardOutput = StandardStream.Pipe, StandardError = StandardStream.Pipe };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_child_waits_for_a_debugger_says_so_and_can_be_reached_by_one(bool byOption)
    {
        Environment.SetEnvironmentVariable("MULTIPROCESSING_WAIT_FOR_DEBUGGER", byOption ? null : "1");
        try
        {
            using ChildProcess child = ChildProcess.Start(() => Console.WriteLine("it runs"), options: s_piped with { WaitForDebugger = byOption });
            using StreamReader error = new(child.StandardError!);
            Assert.Equal($"{child.Name} (pid {child.Pid}) waits for a debugger.", error.ReadLine());
            string[] ports = Directory.GetFiles(Path.GetTempPath(), $"*-{child.Pid}-*"); // the runtime's pipes for debuggers, and its port
            Assert.Contains(ports, port => Path.GetFileName(port).StartsWith("clr-debug-pipe", StringComparison.Ordinal));
            Assert.Contains(ports, port => Path.GetFileName(port).StartsWith("dotnet-diagnostic", StringComparison.Ordinal));
            child.Kill();
            child.Join();
            using StreamReader output = new(child.StandardOutput!);
            Assert.Equal("", output.ReadToEnd());
            Array.ForEach(ports, File.Delete); // who is killed leaves them
        }
        finally
        {
            Environment.SetEnvironmentVariable("MULTIPROCESSING_WAIT_FOR_DEBUGGER", null);
        }
    }

    [Fact]
    public void Without_it_a_child_has_none_of_that()
    {
        using ChildProcess child = ChildProcess.Start(() => Console.WriteLine(Directory.GetFiles(Path.GetTempPath(), $"*-{Environment.ProcessId}-*").Length), options: s_piped);
        using StreamReader output = new(child.StandardOutput!);
        Assert.Equal("0", output.ReadLine());
        child.Join();
    }
}
