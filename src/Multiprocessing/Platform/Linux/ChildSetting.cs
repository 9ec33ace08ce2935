using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A variable that a child is started with and that its own code must not see: it is put back before that code runs.</summary>
internal sealed class ChildSetting
{
    private const string MarkName = "MULTIPROCESSING_HANDOVER";
    private const string HooksName = "DOTNET_STARTUP_HOOKS";
    private const string Hook = "Multiprocessing";

    private readonly Func<string, string?> _value;

    private ChildSetting(string name, Func<string, string?> value)
    {
        Name = name;
        _value = value;
    }

    /// <remarks>
    /// The collector is the workstation's and not concurrent: a hundred children with a heap for each core would eat the machine. There is no
    /// debugger transport and no diagnostics port unless the user asked for them: each leaves files in the temporary folder when a child
    /// is killed, and costs 7 % of a start. Profilers are not affected.
    /// </remarks>
    internal static ChildSetting[] All { get; } =
    [
        new(MarkName, mark => mark),
        new(HooksName, _ => !HostCommand.OfThisProgram.UsesHook ? null : OwnHooks is { Length: > 0 } hooks ? $"{hooks}{Path.PathSeparator}{Hook}" : Hook),
        new("DOTNET_gcServer", _ => "0"),
        new("DOTNET_gcConcurrent", _ => "0"),
        new("DOTNET_EnableDiagnostics_IPC", UnlessDiagnosed("DOTNET_EnableDiagnostics_IPC")),
        new("DOTNET_EnableDiagnostics_Debugger", UnlessDiagnosed("DOTNET_EnableDiagnostics_Debugger")),
    ];

    internal string Name { get; }

    /// <summary>Whether this process was started as a child but never took its work over: its start-up hook did not run.</summary>
    internal static bool IsMarkPending => Environment.GetEnvironmentVariable(MarkName) is not null;

    /// <summary>The start-up hooks that the user has set: a profiler's, `dotnet watch`'s.</summary>
    private static string? OwnHooks => Environment.GetEnvironmentVariable(HooksName);

    /// <summary>In a child: the mark.</summary>
    /// <returns>Null in a process that is no child.</returns>
    internal static string? FindMark() => Os.GetNativeEnv(NameBytes(0));

    /// <returns>The value for a child, or null where the variable stays as it is.</returns>
    internal string? ValueFor(string mark) => _value(mark);

    /// <summary>Writes which variables the child is started with, and what they were.</summary>
    internal static void WriteOriginals(WireWriter writer)
    {
        // Where hooks ran before, .NET may have taken its copy of the environment, and that is to be put right, too.
        writer.Bool(HostCommand.OfThisProgram.UsesHook || OwnHooks is not null);
        for (int i = 0; i < All.Length; i++)
        {
            bool set = All[i].ValueFor("") is not null;
            writer.Bool(set);
            if (set)
            {
                writer.String(Environment.GetEnvironmentVariable(All[i].Name));
            }
        }
    }

    /// <summary>In the child: puts the variables back as they were.</summary>
    /// <remarks>It runs in every child, before anything else: names are ready-made bytes, since the first text that is encoded costs a millisecond.</remarks>
    internal static void RestoreOriginals(ref WireReader reader)
    {
        bool copied = reader.Bool();
        for (int i = 0; i < NameCount; i++)
        {
            if (!reader.Bool())
            {
                continue;
            }

            string? original = reader.NullableString();
            if (original is null && !copied)
            {
                Os.UnsetNativeEnv(NameBytes(i));
                continue;
            }

            Os.SetNativeEnv(All[i].Name, original);
            Environment.SetEnvironmentVariable(All[i].Name, original);
        }
    }

    private const int NameCount = 6;

    /// <summary>The names of <see cref="All"/>, in the same order.</summary>
    private static ReadOnlySpan<byte> NameBytes(int index) => index switch
    {
        0 => "MULTIPROCESSING_HANDOVER\0"u8,
        1 => "DOTNET_STARTUP_HOOKS\0"u8,
        2 => "DOTNET_gcServer\0"u8,
        3 => "DOTNET_gcConcurrent\0"u8,
        4 => "DOTNET_EnableDiagnostics_IPC\0"u8,
        _ => "DOTNET_EnableDiagnostics_Debugger\0"u8,
    };

    private static Func<string, string?> UnlessDiagnosed(string name) => _ =>
        Debugger.IsAttached || Environment.GetEnvironmentVariable("DOTNET_EnableDiagnostics") is not null || Environment.GetEnvironmentVariable(name) is not null ? null : "0";
}
