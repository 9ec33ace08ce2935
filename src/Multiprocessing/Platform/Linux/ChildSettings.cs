using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Variables that a child is started with and that its own code must not see: they are put back before that code runs.</summary>
/// <remarks>
/// The collector is the workstation's and not concurrent: a hundred children with a heap for each core would eat the machine. There is no
/// debugger transport and no diagnostics port unless the user asked for them: each leaves files in the temporary folder when a child
/// is killed, and costs 7 % of a start. Profilers are not affected.
/// </remarks>
internal static class ChildSettings
{
    private const string MarkName = "MULTIPROCESSING_HANDOVER";
    private const string HooksName = "DOTNET_STARTUP_HOOKS";
    private const string Hook = "Multiprocessing";

    private static readonly string[] s_names =
        [MarkName, HooksName, "DOTNET_gcServer", "DOTNET_gcConcurrent", "DOTNET_EnableDiagnostics_IPC", "DOTNET_EnableDiagnostics_Debugger"];

    /// <summary>Whether this process was started as a child but never took its work over: its start-up hook did not run.</summary>
    internal static bool IsMarkPending => Environment.GetEnvironmentVariable(MarkName) is not null;

    /// <summary>In a child: the mark.</summary>
    /// <returns>Null in a process that is no child.</returns>
    internal static string? FindMark() => Os.GetNativeEnv(NameBytes(0));

    internal static void AddTo(Dictionary<string, string> environment, string mark)
    {
        for (int i = 0; i < s_names.Length; i++)
        {
            if (ValueOf(i, mark, environment) is { } value)
            {
                environment[s_names[i]] = value;
            }
        }
    }

    /// <summary>Writes which variables the child is started with, and what they were.</summary>
    internal static void WriteOriginals(WireWriter writer)
    {
        Dictionary<string, string> environment = new(Os.Environ, StringComparer.Ordinal);
        for (int i = 0; i < s_names.Length; i++)
        {
            bool set = ValueOf(i, "", environment) is not null;
            writer.Bool(set);
            if (set)
            {
                writer.String(environment.GetValueOrDefault(s_names[i]));
            }
        }
    }

    /// <summary>In the child: puts the variables back as they were, for native code and for .NET, which has a copy of its own.</summary>
    /// <remarks>One by one and not through <see cref="Os.Environ"/>: nothing else differs yet, and a first look at everything would cost each start.</remarks>
    internal static void RestoreOriginals(ref WireReader reader)
    {
        for (int i = 0; i < s_names.Length; i++)
        {
            if (!reader.Bool())
            {
                continue;
            }

            string? original = reader.NullableString();
            if (original is null)
            {
                Os.UnsetNativeEnv(NameBytes(i));
            }
            else
            {
                Os.SetNativeEnv(s_names[i], original);
            }

            Environment.SetEnvironmentVariable(s_names[i], original);
        }
    }

    /// <summary>The names as native code has them: the first text that is encoded costs a starting child half a millisecond.</summary>
    private static ReadOnlySpan<byte> NameBytes(int index) => index switch
    {
        0 => "MULTIPROCESSING_HANDOVER\0"u8,
        1 => "DOTNET_STARTUP_HOOKS\0"u8,
        2 => "DOTNET_gcServer\0"u8,
        3 => "DOTNET_gcConcurrent\0"u8,
        4 => "DOTNET_EnableDiagnostics_IPC\0"u8,
        _ => "DOTNET_EnableDiagnostics_Debugger\0"u8,
    };

    /// <returns>The value for a child, or null where the variable stays as it is.</returns>
    private static string? ValueOf(int index, string mark, Dictionary<string, string> environment)
    {
        switch (s_names[index])
        {
            case MarkName:
                return mark;
            case HooksName:
                string? hooks = environment.GetValueOrDefault(HooksName); // the user's: a profiler's, `dotnet watch`'s; they run first
                return !HostCommand.OfThisProgram.UsesHook ? null : string.IsNullOrEmpty(hooks) ? Hook : $"{hooks}{Path.PathSeparator}{Hook}";
            case "DOTNET_gcServer" or "DOTNET_gcConcurrent":
                return "0";
            case var diagnostics:
                bool wanted = Debugger.IsAttached || environment.ContainsKey("DOTNET_EnableDiagnostics") || environment.ContainsKey(diagnostics);
                return wanted ? null : "0";
        }
    }
}
