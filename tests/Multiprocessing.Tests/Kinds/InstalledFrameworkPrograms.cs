namespace Multiprocessing.Tests;

/// <summary>Programs that are built, not published, and run on the framework that is installed.</summary>
public sealed class InstalledFrameworkPrograms : BuiltPrograms
{
    public InstalledFrameworkPrograms()
        : base("Build")
    {
        Console = Add(new BuiltProgram(Root, "console") { Items = """<RuntimeHostConfigurationOption Include="Kinds.Switch" Value="on" />""" });
        Hook = Add(new BuiltProgram(Root, "hook") { Source = "Hook.cs", OutputType = "Library", Reference = "", Properties = "<AssemblyName>Hook</AssemblyName>" });
        Web = Add(new BuiltProgram(Root, "web") { Source = "Web.cs", Sdk = "Microsoft.NET.Sdk.Web", Properties = "<ServerGarbageCollection>true</ServerGarbageCollection>" });
        Worker = Add(new BuiltProgram(Root, "worker")
        {
            Source = "Worker.cs",
            Sdk = "Microsoft.NET.Sdk.Worker",
            Items = """<PackageReference Include="Microsoft.Extensions.Hosting" Version="10.0.12" />""",
        });
        UnitTests = Add(new BuiltProgram(Root, "unit-tests")
        {
            Source = "UnitTests.cs",
            Items = """
                <PackageReference Include="Microsoft.NET.Test.Sdk" Version="18.0.1" />
                <PackageReference Include="xunit" Version="2.9.3" />
                <PackageReference Include="xunit.runner.visualstudio" Version="3.1.5" />
                """,
        });
        Build();
    }

    internal BuiltProgram Console { get; }

    internal BuiltProgram Hook { get; }

    internal BuiltProgram Web { get; }

    internal BuiltProgram Worker { get; }

    internal BuiltProgram UnitTests { get; }
}
