using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Multiprocessing;

/// <summary>The command that makes a child of this program: the same files, settings and arguments, but another way in.</summary>
/// <remarks>
/// Where the program runs on a shared framework, the host runs this library's own entry point with the program's settings: Main is never
/// run again, whatever goes wrong, and start-up hooks, which cost half a start and may be switched off, are not needed. Elsewhere the program
/// is run once more itself, with a start-up hook that comes before Main: a self-contained program, a single file and one compiled ahead of
/// time have no such host; and where this library does not stand beside the program, the host would look for the program's assemblies in the wrong folder.
/// </remarks>
internal sealed class HostCommand
{
    private static readonly Lazy<HostCommand> s_ofThisProgram = new(Find);

    // Options of `dotnet exec`, which come before the application. Those with a path may be relative to a directory left long ago.
    private static readonly string[] s_pathOptions = ["--depsfile", "--runtimeconfig", "--additionalprobingpath", "--additional-deps"];
    private static readonly string[] s_otherOptions = ["--fx-version", "--roll-forward", "--roll-forward-on-no-candidate-fx"];

    private readonly bool _isShared;

    private HostCommand(string path, List<string> arguments, bool isShared, bool usesHook)
    {
        Path = path;
        Arguments = arguments;
        _isShared = isShared;
        UsesHook = usesHook;
    }

    internal static HostCommand OfThisProgram => s_ofThisProgram.Value;

    /// <summary>The file of the program's own assembly; null in a single file.</summary>
    internal static string? ProgramPath { get; } = FileOf(Assembly.GetEntryAssembly());

    /// <summary>The host's path.</summary>
    internal string Path { get; }

    /// <summary>The arguments, the program's name first.</summary>
    internal IReadOnlyList<string> Arguments { get; }

    /// <summary>Whether the child's way in is a start-up hook.</summary>
    internal bool UsesHook { get; }

    /// <summary>Looks, before each start, whether what would be started is still what runs here.</summary>
    /// <remarks>An assembly that was replaced is found out by its module's version ID, in the child.</remarks>
    /// <exception cref="InvalidOperationException">The program's files were deleted or replaced.</exception>
    internal void ThrowIfGone()
    {
        bool isOurs = _isShared || new FileInfo("/proc/self/exe").LinkTarget == Path;
        if (!isOurs || !File.Exists(Path) || (ProgramPath is not null && !File.Exists(ProgramPath)))
        {
            throw new InvalidOperationException($"The program '{(_isShared || (isOurs && ProgramPath is not null) ? ProgramPath : Path)}' was deleted or replaced while it runs, so no child can be started with the same code; start it again.");
        }
    }

    private static HostCommand Find()
    {
        string host = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program cannot be read (/proc/self/exe), so no child can be started.");
        List<string> command = [.. File.ReadAllText("/proc/self/cmdline").Split('\0')];
        command.RemoveAt(command.Count - 1); // each argument ends in a null character
        return FindShared(host, command) ?? new HostCommand(host, command, isShared: false, usesHook: true);
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "A single file has no files within it.")]
    private static string? FileOf(Assembly? assembly) => assembly?.Location is { Length: > 0 } path ? path : null;

    /// <returns>Null where there is no shared host, or where it was not asked and would not find this library beside the program.</returns>
    private static HostCommand? FindShared(string running, List<string> command)
    {
        if (ProgramPath is not { } program || FileOf(typeof(HostCommand).Assembly) is not { } library || FileOf(typeof(object).Assembly) is not { } core)
        {
            return null;
        }

        // root/shared/Microsoft.NETCore.App/10.0.0/System.Private.CoreLib.dll
        bool isBeside = System.IO.Path.GetDirectoryName(library) == System.IO.Path.GetDirectoryName(program);
        string root = System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(core)!, "..", "..", ".."));
        string shared = System.IO.Path.Combine(root, "dotnet");
        bool isShared = running == shared || System.IO.Path.GetFileName(running) == "dotnet";
        string settings = System.IO.Path.ChangeExtension(program, ".runtimeconfig.json");
        string dependencies = System.IO.Path.ChangeExtension(program, ".deps.json");
        if (!isShared && (!isBeside || !File.Exists(shared) || !File.Exists(settings)))
        {
            return null;
        }

        (List<string> options, int next) = isShared ? HostOptions(command, program) : ([], 0);
        AddUnlessThere(options, "--runtimeconfig", settings);
        AddUnlessThere(options, "--depsfile", dependencies);
        return new HostCommand(isShared ? running : shared, [command[0], "exec", .. options, isBeside ? library : program, .. command.Skip(next + 1)], isShared: true, usesHook: !isBeside);
    }

    private static void AddUnlessThere(List<string> options, string option, string path)
    {
        if (!options.Contains(option, StringComparer.Ordinal) && File.Exists(path))
        {
            options.AddRange([option, path]);
        }
    }

    /// <summary>What `dotnet [exec] [options] bin/app.dll …` told the host, with full paths.</summary>
    /// <returns>The options, and where in the command the application stands.</returns>
    private static (List<string> Options, int Application) HostOptions(List<string> command, string program)
    {
        int next = command.Count > 1 && command[1] == "exec" ? 2 : 1;
        int application = next;
        while (application + 1 < command.Count && (s_pathOptions.Contains(command[application]) || s_otherOptions.Contains(command[application])))
        {
            application += 2;
        }

        string start = application < command.Count ? StartFolder(command[application], program) : Environment.CurrentDirectory;
        List<string> options = [];
        for (; next < application; next += 2)
        {
            options.Add(command[next]);
            options.Add(s_pathOptions.Contains(command[next]) ? System.IO.Path.GetFullPath(command[next + 1], start) : command[next + 1]);
        }

        return (options, application);
    }

    /// <summary>Where we were started, whatever chdir came later: the folder from which the path that was given leads to the program.</summary>
    private static string StartFolder(string given, string program)
    {
        string current = Environment.CurrentDirectory;
        if (System.IO.Path.IsPathRooted(given) || System.IO.Path.GetFullPath(given, current) == program)
        {
            return current;
        }

        // What the full path has before the path that was given; or, where that goes up or through a link, what the shell said.
        string tail = given.StartsWith("./", StringComparison.Ordinal) ? given[1..] : $"/{given}";
        return program.EndsWith(tail, StringComparison.Ordinal) ? $"{program[..^tail.Length]}/"
            : Environment.GetEnvironmentVariable("PWD") is { } shells && System.IO.Path.IsPathRooted(shells) ? shells
            : current;
    }
}
