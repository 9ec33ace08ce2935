using System.Diagnostics;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The environment that one child is started with: the one that its code will see, and settings that it must not see, which are put back before that code runs.</summary>
/// <remarks>
/// The collector is the workstation's and not concurrent: a hundred children with a heap for each core would eat the machine. There is no
/// debugger transport and no diagnostics port unless the user asked for them: each leaves files in the temporary folder when a child
/// is killed, and costs 7 % of a start. Profilers are not affected. Where the child gets an environment of its own, what it says of the runtime holds, and what
/// the host needs to find the runtime is added from ours.
/// </remarks>
internal sealed class ChildSettings
{
    private const string MarkName = "MULTIPROCESSING_HANDOVER";
    private const string HooksName = "DOTNET_STARTUP_HOOKS";
    private const string Hook = "Multiprocessing";
    private const string InvariantName = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"; // as images without ICU have it

    private static readonly string[] s_names =
    [
        MarkName, HooksName, "DOTNET_gcServer", "DOTNET_gcConcurrent", "DOTNET_EnableDiagnostics_IPC", "DOTNET_EnableDiagnostics_Debugger", "DOTNET_PROCESSOR_COUNT",
        "DOTNET_ROOT", RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "DOTNET_ROOT_ARM64" : "DOTNET_ROOT_X64", "DOTNET_BUNDLE_EXTRACT_BASE_DIR",
        "DOTNET_ROLL_FORWARD", "DOTNET_ROLL_FORWARD_TO_PRERELEASE", InvariantName,
    ];

    private const string WaitName = "MULTIPROCESSING_WAIT_FOR_DEBUGGER";

    private readonly Dictionary<string, string> _environment;
    private readonly string?[] _originals = new string?[s_names.Length];
    private readonly bool[] _isSet = new bool[s_names.Length];

    /// <summary>This process's environment, as it is at this moment for native code and for .NET, or the one that the options give, with the settings in it.</summary>
    internal ChildSettings(ChildProcessOptions options)
    {
        _environment = new(options.Environment is null ? Os.Environ : Checked(options.Environment), StringComparer.Ordinal);
        WaitForDebugger = options.WaitForDebugger || Environment.GetEnvironmentVariable(WaitName) == "1";
        for (int i = 0; i < s_names.Length; i++)
        {
            if (ValueOf(s_names[i], options) is { } value)
            {
                _isSet[i] = true;
                _originals[i] = _environment.GetValueOrDefault(s_names[i]);
                _environment[s_names[i]] = value;
            }
        }
    }

    internal bool WaitForDebugger { get; }

    /// <summary>Whether this process was started as a child but never took its work over: its start-up hook did not run.</summary>
    internal static bool IsMarkPending => Environment.GetEnvironmentVariable(MarkName) is not null;

    /// <summary>In a child: the mark.</summary>
    /// <returns>Null in a process that is no child.</returns>
    internal static string? FindMark() => Os.GetNativeEnv(NameBytes(0));

    /// <param name="mark">What tells the child that it is one.</param>
    internal Dictionary<string, string> WithMark(string mark)
    {
        _environment[MarkName] = mark;
        return _environment;
    }

    /// <summary>Writes which variables the child is started with, and what they were.</summary>
    internal void WriteOriginals(WireWriter writer)
    {
        for (int i = 0; i < s_names.Length; i++)
        {
            writer.Bool(_isSet[i]);
            if (_isSet[i])
            {
                writer.String(_originals[i]);
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

            if (s_names[i] == InvariantName)
            {
                KeepInvariant();
            }

            Environment.SetEnvironmentVariable(s_names[i], original);
        }
    }

    /// <summary>The runtime reads this variable when it first needs a culture, which may be much later; the switch says the same.</summary>
    private static void KeepInvariant()
    {
        string value = Environment.GetEnvironmentVariable(InvariantName)!;
        AppContext.SetSwitch("System.Globalization.Invariant", value == "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The names as native code has them: the first text that is encoded costs a starting child half a millisecond.</summary>
    private static ReadOnlySpan<byte> NameBytes(int index) => index switch
    {
        0 => "MULTIPROCESSING_HANDOVER\0"u8,
        1 => "DOTNET_STARTUP_HOOKS\0"u8,
        2 => "DOTNET_gcServer\0"u8,
        3 => "DOTNET_gcConcurrent\0"u8,
        4 => "DOTNET_EnableDiagnostics_IPC\0"u8,
        5 => "DOTNET_EnableDiagnostics_Debugger\0"u8,
        6 => "DOTNET_PROCESSOR_COUNT\0"u8,
        7 => "DOTNET_ROOT\0"u8,
        8 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "DOTNET_ROOT_ARM64\0"u8 : "DOTNET_ROOT_X64\0"u8,
        9 => "DOTNET_BUNDLE_EXTRACT_BASE_DIR\0"u8,
        10 => "DOTNET_ROLL_FORWARD\0"u8,
        11 => "DOTNET_ROLL_FORWARD_TO_PRERELEASE\0"u8,
        _ => "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT\0"u8,
    };

    private static IReadOnlyDictionary<string, string> Checked(IReadOnlyDictionary<string, string> environment)
    {
        foreach ((string name, string value) in environment)
        {
            if (string.IsNullOrEmpty(name) || name.Contains('=', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal) || value is null || value.Contains('\0', StringComparison.Ordinal))
            {
                throw new ArgumentException($"The option {nameof(ChildProcessOptions.Environment)} has '{name}', which cannot be a variable: a name is not empty and has no '=' in it, and neither name nor value is null or has a null character in it.", nameof(environment));
            }
        }

        return environment;
    }

    /// <returns>The value for a child, or null where the variable stays as it is.</returns>
    private string? ValueOf(string name, ChildProcessOptions options)
    {
        bool isChosen = options.Environment is not null && _environment.ContainsKey(name);
        switch (name)
        {
            case MarkName:
                return "";
            case HooksName:
                string? hooks = _environment.GetValueOrDefault(HooksName); // the user's: a profiler's, `dotnet watch`'s; they run first
                return !HostCommand.OfThisProgram.UsesHook ? null : string.IsNullOrEmpty(hooks) ? Hook : $"{hooks}{Path.PathSeparator}{Hook}";
            case "DOTNET_gcServer" or "DOTNET_gcConcurrent":
                return isChosen ? null : "0";
            case "DOTNET_PROCESSOR_COUNT": // or the runtime would count the processors that this process may use
                return isChosen || options.CpuAffinity is null ? null : options.CpuAffinity.Distinct().Count().ToString(System.Globalization.CultureInfo.InvariantCulture);
            case "DOTNET_EnableDiagnostics_IPC" or "DOTNET_EnableDiagnostics_Debugger":
                bool wanted = WaitForDebugger || Debugger.IsAttached || _environment.ContainsKey("DOTNET_EnableDiagnostics") || _environment.ContainsKey(name);
                return wanted ? null : "0";
            default:
                return isChosen || options.Environment is null ? null : Environment.GetEnvironmentVariable(name);
        }
    }
}
