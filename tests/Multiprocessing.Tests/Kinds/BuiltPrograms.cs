using System.Runtime.InteropServices;

namespace Multiprocessing.Tests;

/// <summary>
/// Programs of several kinds, built together by one run of the SDK: two at a time, in a folder whose name has a space and an umlaut,
/// with the library as the package that users get.
/// </summary>
public abstract class BuiltPrograms : IDisposable
{
    private readonly string _command;
    private readonly List<BuiltProgram> _programs = [];

    private protected BuiltPrograms(string command)
    {
        _command = command;
        Root = Path.Combine(Directory.CreateTempSubdirectory("multiprocessing-kinds-").FullName, "für alle");
        Directory.CreateDirectory(Path.Combine(Root, "data"));
    }

    internal string Root { get; }

    private protected static string RuntimeIdentifier => RuntimeInformation.RuntimeIdentifier;

    public void Dispose()
    {
        Directory.Delete(Path.GetDirectoryName(Root)!, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The path of one of the files in Programs.</summary>
    internal static string SourceOf(string name) => Path.Combine(Repository.Root, "tests/Multiprocessing.Tests/Kinds/Programs", name);

    private protected BuiltProgram Add(BuiltProgram program)
    {
        _programs.Add(program);
        return program;
    }

    private protected void Build()
    {
        File.WriteAllText(Path.Combine(Root, "nuget.config"), $"""
            <configuration>
              <packageSources>
                <add key="packed" value="feed" />
              </packageSources>
              <fallbackPackageFolders>
                <add key="user" value="{Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages")}" />
              </fallbackPackageFolders>
              <config>
                <add key="globalPackagesFolder" value="packages" />
              </config>
            </configuration>
            """);
        foreach (BuiltProgram program in _programs)
        {
            Write(program);
        }

        string configuration = AppContext.BaseDirectory.Contains("/Debug/", StringComparison.Ordinal) ? "Debug" : "Release";
        string library = Path.Combine(Repository.Root, "src");
        string all = Path.Combine(Root, "all.proj");
        File.WriteAllText(all, $"""
            <Project>
              <Target Name="{_command}">
                <ItemGroup>
                  <Library Include="{library}/Multiprocessing.Posix/Multiprocessing.Posix.csproj;{library}/Multiprocessing/Multiprocessing.csproj" />
                  <Program Include="{string.Join(';', _programs.Select(p => p.ProjectFile))}" />
                </ItemGroup>
                <MSBuild Projects="@(Library)" Targets="Pack" Properties="Configuration={configuration};NoBuild=true;PackageOutputPath={Root}/feed" BuildInParallel="true" />
                <MSBuild Projects="@(Program)" Targets="Restore" Properties="MSBuildRestoreSessionId=restore" BuildInParallel="true" ContinueOnError="ErrorAndContinue" />
                <MSBuild Projects="@(Program)" Targets="{_command}" BuildInParallel="true" ContinueOnError="ErrorAndContinue" />
              </Target>
            </Project>
            """);
        (int code, string output) = BuiltProgram.Execute(Root, Root, "dotnet", [_command.ToLowerInvariant(), all, "-c", "Release", "-m:2", "-nodeReuse:false", "-p:UseSharedCompilation=false;RunAnalyzers=false", "-nologo"]);
        string[] errors = [.. output.Split('\n').Where(line => line.Contains("error ", StringComparison.Ordinal)).Select(line => line.Trim()).Distinct()];
        foreach (BuiltProgram program in _programs)
        {
            program.Errors = string.Join('\n', errors.Where(line => line.Contains(program.ProjectFile, StringComparison.Ordinal)));
        }

        Assert.True(code == 0 || _programs.Any(p => p.Errors.Length > 0), output);
        if (_programs.Any(p => p.Reference.Length > 0 && p.Errors.Length == 0))
        {
            RequireThisBuild();
        }
    }

    /// <summary>A package of the same name may be elsewhere, too: in the user's folder, or in a registry.</summary>
    private void RequireThisBuild()
    {
        string packages = Path.Combine(Root, "packages/multiprocessing");
        string[] used = Directory.Exists(packages) ? Directory.GetFiles(packages, "Multiprocessing.dll", SearchOption.AllDirectories) : [];
        byte[] tested = File.ReadAllBytes(typeof(ChildProcess).Assembly.Location);
        Assert.True(
            used.Any(file => file.Contains("/lib/", StringComparison.Ordinal) && File.ReadAllBytes(file).AsSpan().SequenceEqual(tested)),
            "The programs were not built with the library that is tested.");
    }

    private static void Write(BuiltProgram program)
    {
        Directory.CreateDirectory(program.Folder);
        File.Copy(SourceOf(program.Source), Path.Combine(program.Folder, program.Source));
        File.WriteAllText(program.ProjectFile, $"""
            <Project Sdk="{program.Sdk}">
              <PropertyGroup>
                <OutputType>{program.OutputType}</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <OutputPath>out/</OutputPath>
                <PublishDir>out/</PublishDir>
                <AppendTargetFrameworkToOutputPath>false</AppendTargetFrameworkToOutputPath>
                <AppendRuntimeIdentifierToOutputPath>false</AppendRuntimeIdentifierToOutputPath>
                {program.Properties}
              </PropertyGroup>
              <ItemGroup>
                {program.Reference}
                {program.Items}
              </ItemGroup>
            </Project>
            """);
    }
}
