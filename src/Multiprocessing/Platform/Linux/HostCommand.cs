using System.Reflection;

namespace Multiprocessing;

/// <summary>The command that makes a child of this program: the same files, settings and arguments, but another way in.</summary>
/// <remarks>
/// Where the program runs on a shared framework, the host runs this library's own entry point with the program's settings: Main is never
/// run again, whatever goes wrong, and start-up hooks, which cost half a start and may be switched off, are not needed. A self-contained
/// program, above all a single file, has no such host; there it is run once more itself, with a start-up hook that comes before Main.
/// </remarks>
internal sealed class HostCommand
{
    private static readonly Lazy<HostCommand> s_ofThisProgram = new(Find);

    // Options of `dotnet exec`, which come before the application. Those with a path may be relative to a directory left long ago.
    private static readonly string[] s_pathOptions = ["--depsfile", "--runtimeconfig", "--additionalprobingpath", "--additional-deps"];
    private static readonly string[] s_otherOptions = ["--fx-version", "--roll-forward", "--roll-forward-on-no-candidate-fx"];

    private HostCommand(string path, List<string> arguments, bool usesHook)
    {
        Path = path;
        Arguments = arguments;
        UsesHook = usesHook;
    }

    internal static HostCommand OfThisProgram => s_ofThisProgram.Value;

    /// <summary>The file of the program's own assembly; null in a single file.</summary>
#pragma warning disable IL3000
    internal static string? ProgramPath { get; } = Assembly.GetEntryAssembly()?.Location is { Length: > 0 } path ? path : null;
#pragma warning restore IL3000

    /// <summary>The host's path.</summary>
    internal string Path { get; }

    /// <summary>The arguments, the program's name first.</summary>
    internal IReadOnlyList<string> Arguments { get; }

    /// <summary>Whether the child's way in is a start-up hook.</summary>
    internal bool UsesHook { get; }

    private static HostCommand Find()
    {
        string host = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program cannot be read (/proc/self/exe), so no child can be started.");
        List<string> command = [.. File.ReadAllText("/proc/self/cmdline").Split('\0')];
        command.RemoveAt(command.Count - 1); // each argument ends in a null character
        return FindShared(host, command) ?? new HostCommand(host, command, usesHook: true);
    }

    /// <returns>Null where there is no shared host, or where it would not find this library beside the program.</returns>
    private static HostCommand? FindShared(string running, List<string> command)
    {
#pragma warning disable IL3000 // Empty in a single file, which has no shared host.
        string library = typeof(HostCommand).Assembly.Location;
        string core = typeof(object).Assembly.Location;
#pragma warning restore IL3000
        if (ProgramPath is not { } program || library.Length == 0 || core.Length == 0 || System.IO.Path.GetDirectoryName(library) != System.IO.Path.GetDirectoryName(program))
        {
            return null;
        }

        // root/shared/Microsoft.NETCore.App/10.0.0/System.Private.CoreLib.dll
        string root = System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(core)!, "..", "..", ".."));
        string shared = System.IO.Path.Combine(root, "dotnet");
        bool isShared = running == shared || System.IO.Path.GetFileName(running) == "dotnet";
        string settings = System.IO.Path.ChangeExtension(program, ".runtimeconfig.json");
        string dependencies = System.IO.Path.ChangeExtension(program, ".deps.json");
        if (!isShared && (!File.Exists(shared) || !File.Exists(settings)))
        {
            return null;
        }

        (List<string> options, int next) = isShared ? HostOptions(command, program) : ([], 0);
        AddUnlessThere(options, "--runtimeconfig", settings);
        AddUnlessThere(options, "--depsfile", dependencies);
        return new HostCommand(isShared ? running : shared, [command[0], "exec", .. options, library, .. command.Skip(next + 1)], usesHook: false);
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

        // Where we were started, whatever chdir came later: what the full path has before the path that was given.
        string start = application < command.Count && !System.IO.Path.IsPathRooted(command[application]) && program.EndsWith(command[application], StringComparison.Ordinal)
            ? program[..^command[application].Length]
            : Environment.CurrentDirectory;
        List<string> options = [];
        for (; next < application; next += 2)
        {
            options.Add(command[next]);
            options.Add(s_pathOptions.Contains(command[next]) ? System.IO.Path.GetFullPath(command[next + 1], start) : command[next + 1]);
        }

        return (options, application);
    }
}
