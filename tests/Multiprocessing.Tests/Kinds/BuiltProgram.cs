using System.Diagnostics;

namespace Multiprocessing.Tests;

/// <summary>A program of one kind of application, built by the SDK from a project as a user would write it; see <see cref="BuiltPrograms"/>.</summary>
/// <param name="root">The folder of all these programs.</param>
/// <param name="name">Its own folder there.</param>
internal sealed class BuiltProgram(string root, string name)
{
    private static readonly string[] s_notThere = ["NU1100", "NU1101", "NU1102", "NU1301", "Platform linker"];

    internal string Name => name;

    internal string Folder { get; } = Path.Combine(root, name);

    internal string ProjectFile => Path.Combine(Folder, "App.csproj");

    internal string Sdk { get; init; } = "Microsoft.NET.Sdk";

    /// <summary>Its code, one of the files in Programs.</summary>
    internal string Source { get; init; } = "App.cs";

    internal string OutputType { get; init; } = "Exe";

    /// <summary>Further properties, as XML.</summary>
    internal string Properties { get; init; } = "";

    /// <summary>Further items, as XML.</summary>
    internal string Items { get; init; } = "";

    /// <summary>How it refers to the library: as a package, with all that belongs to it.</summary>
    internal string Reference { get; init; } = """<PackageReference Include="Multiprocessing" Version="*-*" />""";

    /// <summary>What the build said against it; empty when it was built.</summary>
    internal string Errors { get; set; } = "";

    internal string PathOf(string file) => Path.Combine(Folder, "out", file);

    /// <summary>Skips the test where something that this kind needs is not on this machine; fails it where the build failed.</summary>
    internal void RequireBuilt()
    {
        Assert.SkipWhen(s_notThere.Any(code => Errors.Contains(code, StringComparison.Ordinal)), $"'{name}' cannot be built here: {Errors}");
        Assert.True(Errors.Length == 0, Errors);
    }

    /// <summary>Runs the program's own executable.</summary>
    internal (int Code, string Output) Run(params string[] arguments) => Run(PathOf("App"), arguments);

    /// <summary>Runs a command that runs the program.</summary>
    /// <returns>The exit code, and what it printed on both streams.</returns>
    internal (int Code, string Output) Run(string file, string[] arguments, string? folder = null, params (string Name, string? Value)[] environment)
    {
        RequireBuilt();
        return Execute(root, folder ?? root, file, arguments, environment);
    }

    internal static (int Code, string Output) Execute(string root, string folder, string file, string[] arguments, params (string Name, string? Value)[] environment)
    {
        // Through a shell, which joins the streams in the order in which they are written, and says in PWD where it is.
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec \"$0\" \"$@\" 2>&1", file, .. arguments]) { RedirectStandardOutput = true, WorkingDirectory = folder };
        foreach (string name in start.Environment.Keys.Where(n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name); // the outer build's, when the tests run under one
        }

        start.Environment["TMPDIR"] = Path.GetDirectoryName(root); // MSBuild cannot run commands where its name has a space
        start.Environment["XDG_DATA_HOME"] = Path.Combine(root, "data");
        start.Environment["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = Path.Combine(root, "extracted");
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        foreach ((string name, string? value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        using StreamReader reader = process.StandardOutput;
        string output = reader.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
