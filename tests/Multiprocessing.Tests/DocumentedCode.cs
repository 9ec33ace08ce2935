using System.Diagnostics;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace Multiprocessing.Tests;

/// <summary>C# from the documentation: compiled as in a new console project, and run as a program of its own.</summary>
internal static class DocumentedCode
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    // This test's own references: the framework, the library, the logger.
    private static readonly Lazy<MetadataReference[]> s_references = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':').Select(path => MetadataReference.CreateFromFile(path))]);

    private static readonly string[] s_libraries = ["Multiprocessing.dll", "Multiprocessing.Posix.dll", "Microsoft.Extensions.Logging.Abstractions.dll", "PolyType.dll"];

    /// <summary>
    /// Compiles in a child, since the compiler takes hundreds of megabytes: what a process has at its peak counts as the peak of the children that it then starts.
    /// </summary>
    internal static Task<Compiled[]> CompileAsync(Source[] sources) => ChildProcess.RunAsync(() => Array.ConvertAll(sources, Compile));

    /// <summary>In whatever process; the words of an error have the line of the page.</summary>
    internal static Compiled Compile(Source source)
    {
        CSharpParseOptions options = new(LanguageVersion.Latest);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Program",
            [
                CSharpSyntaxTree.ParseText(SourceText.From(source.Text, Encoding.UTF8), options, "/Program.cs"),
                CSharpSyntaxTree.ParseText(SourceText.From(ImplicitUsings, Encoding.UTF8), options, "/Usings.cs"),
            ],
            s_references.Value,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, optimizationLevel: OptimizationLevel.Debug, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: true));
        using MemoryStream assembly = new();
        using MemoryStream symbols = new();
        EmitResult result = compilation.Emit(assembly, symbols, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
        string[] lines = source.Text.Split('\n');
        IEnumerable<string> errors = result.Diagnostics
            .Where(d => d.Severity == DiagnosticSeverity.Error)
            .Select(d => $"{source.Page}:{source.FirstLine + d.Location.GetMappedLineSpan().StartLinePosition.Line}: {d.Id}: {d.GetMessage()}: {lines[d.Location.GetLineSpan().StartLinePosition.Line].Trim()}");
        return new Compiled(assembly.ToArray(), symbols.ToArray(), string.Join('\n', errors));
    }

    /// <returns>What the program prints; it must end with 0 and print no errors.</returns>
    internal static string Run(Compiled program, string input)
    {
        Assert.True(program.Errors.Length == 0, program.Errors);
        string folder = Directory.CreateTempSubdirectory("documented-").FullName;
        try
        {
            string path = Path.Combine(folder, "Program.dll");
            File.WriteAllBytes(path, program.Assembly);
            File.WriteAllBytes(Path.ChangeExtension(path, ".pdb"), program.Symbols);
            Array.ForEach(s_libraries, name => File.Copy(Path.Combine(AppContext.BaseDirectory, name), Path.Combine(folder, name)));
            File.Copy(Path.Combine(AppContext.BaseDirectory, "Multiprocessing.Tests.runtimeconfig.json"), Path.ChangeExtension(path, ".runtimeconfig.json"));
            return Run(path, input);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Run(string path, string input)
    {
        // root/shared/Microsoft.NETCore.App/10.0.0
        string host = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", "dotnet"));
        (int code, string output, string error) = TestProgram.Run(new ProcessStartInfo(host, [path]), input, out _);
        Assert.Equal("", error);
        Assert.Equal(0, code);
        return output;
    }

    /// <param name="Text">A whole program.</param>
    /// <param name="Page">Where it stands.</param>
    /// <param name="FirstLine">The line of the page in which its first line stands.</param>
    internal sealed record Source(string Text, string Page, int FirstLine);

    internal sealed record Compiled(byte[] Assembly, byte[] Symbols, string Errors);
}
