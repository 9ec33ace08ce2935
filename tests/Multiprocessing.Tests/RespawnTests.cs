using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Multiprocessing.Tests;

/// <summary>A program whose children's way in is a start-up hook must not start itself without end where the hook does not run.</summary>
public sealed class RespawnTests
{
    private const string Program = """
        using Multiprocessing;
        Console.WriteLine("Main runs");
        try
        {
            Console.WriteLine($"answer {await ChildProcess.RunAsync(Answer)}");
            return 0;
        }
        catch (InvalidOperationException refusal)
        {
            Console.WriteLine(refusal.Message);
            return 3;
        }
        catch (ChildCrashedException crash)
        {
            Console.WriteLine(crash.Message);
            return 4;
        }

        static int Answer() => 42;
        """;

    [Fact]
    [TimeLimit(400)]
    [Conformance(32)]
    public void A_trimmed_program_refuses_to_start_children_and_a_child_that_runs_Main_all_the_same_starts_none()
    {
        using TrimmedProgram program = new(Program, withProps: false);
        (int code, string output) = program.Run();
        Assert.Equal(3, code);
        Assert.StartsWith("Main runs\nStart-up hooks are switched off in this application", output, StringComparison.Ordinal);

        program.ForgetThatHooksAreOff();
        (code, output) = program.Run();
        Assert.Equal(4, code);
        Assert.Equal(2, output.Split("Main runs").Length - 1);
        Assert.Contains("This process was started as a child, but runs Main instead of its work", output, StringComparison.Ordinal);
        Assert.Contains("StartupHookSupport", output, StringComparison.Ordinal);
    }

    [Fact]
    [TimeLimit(400)]
    [Conformance(31)]
    public void A_trimmed_program_with_the_packages_settings_starts_children()
    {
        using TrimmedProgram program = new(Program, withProps: true);
        (int code, string output) = program.Run();
        Assert.Equal("Main runs\nanswer 42\n", output);
        Assert.Equal(0, code);
    }

    private sealed class TrimmedProgram : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("trimmed-");

        internal TrimmedProgram(string program, bool withProps)
        {
            string source = Path.Combine(RepositoryRoot(), "src/Multiprocessing");
            File.WriteAllText(PathOf("App.cs"), program);
            File.WriteAllText(PathOf("App.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  {(withProps ? $"""<Import Project="{source}/buildTransitive/Multiprocessing.props" />""" : "")}
                  <PropertyGroup>
                    <OutputType>Exe</OutputType>
                    <TargetFramework>net10.0</TargetFramework>
                    <ImplicitUsings>enable</ImplicitUsings>
                    <RuntimeIdentifier>{System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}</RuntimeIdentifier>
                    <SelfContained>true</SelfContained>
                    <PublishTrimmed>true</PublishTrimmed>
                    <InvariantGlobalization>true</InvariantGlobalization>
                  </PropertyGroup>
                  <ItemGroup>
                    <ProjectReference Include="{source}/Multiprocessing.csproj" />
                  </ItemGroup>
                </Project>
                """);
            (int code, string output) = Execute("dotnet", "publish", PathOf("App.csproj"), "-c", "Release", "-o", PathOf("out"), "--nologo", "-nodeReuse:false");
            Assert.True(code == 0, output);
        }

        internal (int Code, string Output) Run() => Execute(PathOf("out/App"));

        /// <summary>Takes the switch out of the settings, as if it had never been there. The trimmed code stays without hooks.</summary>
        internal void ForgetThatHooksAreOff()
        {
            string path = PathOf("out/App.runtimeconfig.json");
            JsonNode settings = JsonNode.Parse(File.ReadAllText(path))!;
            Assert.True(settings["runtimeOptions"]!["configProperties"]!.AsObject().Remove("System.StartupHookProvider.IsSupported"));
            File.WriteAllText(path, settings.ToJsonString());
        }

        public void Dispose() => _folder.Delete(recursive: true);

        private string PathOf(string name) => Path.Combine(_folder.FullName, name);

        private (int Code, string Output) Execute(string file, params string[] arguments)
        {
            ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true, WorkingDirectory = _folder.FullName };
            start.Environment["TMPDIR"] = _folder.FullName;
            foreach (string name in start.Environment.Keys.Where(n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            {
                start.Environment.Remove(name); // the outer build's, when the tests run under one
            }

            using Process process = Process.Start(start)!;
            using StreamReader reader = process.StandardOutput;
            string output = reader.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }

        private static string RepositoryRoot()
        {
            DirectoryInfo? folder = new(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Multiprocessing.slnx")))
            {
                folder = folder.Parent;
            }

            return folder?.FullName ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        }
    }
}
