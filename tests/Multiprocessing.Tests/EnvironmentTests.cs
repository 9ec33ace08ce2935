using System.Collections;
using System.Diagnostics;

namespace Multiprocessing.Tests;

public sealed class EnvironmentTests
{
    [Fact]
    public async Task The_child_sees_the_parents_environment_and_nothing_of_its_own_start()
    {
        Environment.SetEnvironmentVariable("MULTIPROCESSING_TEST", "grüße");
        try
        {
            Dictionary<string, string> seen = await ChildProcess.RunAsync(Variables);
            Assert.Equal(Variables(), seen);
        }
        finally
        {
            Environment.SetEnvironmentVariable("MULTIPROCESSING_TEST", null);
        }
    }

    [Fact]
    public async Task A_program_that_the_child_executes_sees_nothing_of_its_start_either()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            using Process env = Process.Start(new ProcessStartInfo("env") { RedirectStandardOutput = true })!;
            return env.StandardOutput.ReadToEnd().Split('\n');
        });
        Assert.DoesNotContain(seen, line => line.StartsWith("MULTIPROCESSING_", StringComparison.Ordinal));
        Assert.DoesNotContain(seen, line => line.StartsWith("DOTNET_gc", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_setting_that_the_user_made_is_there_again_in_the_child()
    {
        Environment.SetEnvironmentVariable("DOTNET_gcConcurrent", "1");
        try
        {
            Assert.Equal("1", await ChildProcess.RunAsync(() => Environment.GetEnvironmentVariable("DOTNET_gcConcurrent")));
        }
        finally
        {
            Environment.SetEnvironmentVariable("DOTNET_gcConcurrent", null);
        }
    }

    [Fact]
    public async Task The_child_is_the_same_program_with_a_workstation_collector()
    {
        Assert.Equal(System.Reflection.Assembly.GetEntryAssembly()!.FullName, await ChildProcess.RunAsync(() => System.Reflection.Assembly.GetEntryAssembly()!.FullName));
        Assert.Equal(AppContext.BaseDirectory, await ChildProcess.RunAsync(() => AppContext.BaseDirectory));
        Assert.Equal(Environment.GetCommandLineArgs().Skip(1), await ChildProcess.RunAsync(() => Environment.GetCommandLineArgs().Skip(1).ToArray()));
        Assert.False(await ChildProcess.RunAsync(() => System.Runtime.GCSettings.IsServerGC));
        Assert.Equal(Environment.CurrentDirectory, await ChildProcess.RunAsync(() => Environment.CurrentDirectory));
    }

    [Fact]
    public async Task A_child_starts_although_this_process_went_to_another_directory()
    {
        string before = Environment.CurrentDirectory;
        Environment.CurrentDirectory = "/";
        try
        {
            Assert.Equal("/", await ChildProcess.RunAsync(() => Environment.CurrentDirectory));
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    private static Dictionary<string, string> Variables() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string)e.Value!);
}
