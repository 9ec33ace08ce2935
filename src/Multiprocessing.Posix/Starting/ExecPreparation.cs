using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>Puts back what .NET's runtime has changed about this process and a new program would inherit; disposed, when there is no new program after all, undoes that.</summary>
internal readonly ref struct ExecPreparation
{
    private readonly bool _pipeWasIgnored;
    private readonly bool _terminalWasConfigured;

    public ExecPreparation()
    {
        // The runtime ignores SIGPIPE, and so would the new program: `yes | head -1` would not end. Handled signals the system resets by itself.
        _pipeWasIgnored = !Os.PipeIsIgnoredByUser && SignalAction.Of(Signal.Pipe).Handler == SignalAction.Ignore;
        if (_pipeWasIgnored)
        {
            default(SignalAction).Install(Signal.Pipe);
        }

        _terminalWasConfigured = TerminalOfRuntime.TrySetForOthers(true);
    }

    public void Dispose()
    {
        if (_terminalWasConfigured)
        {
            TerminalOfRuntime.TrySetForOthers(false);
        }

        if (_pipeWasIgnored)
        {
            new SignalAction { Handler = SignalAction.Ignore }.Install(Signal.Pipe);
        }
    }
}

/// <summary>The terminal's settings, which System.Console changes for itself, and changes back for the children of System.Diagnostics.Process.</summary>
internal static partial class TerminalOfRuntime
{
    /// <summary>What Process does around the life of a child that uses the terminal; it does nothing while the console has not set up the terminal.</summary>
    /// <returns>False where the runtime has no such entry point: it is not public.</returns>
    internal static bool TrySetForOthers(bool others)
    {
        try
        {
            ConfigureTerminalForChildProcess(others ? 1 : 0);
            return true;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
        catch (DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_ConfigureTerminalForChildProcess")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void ConfigureTerminalForChildProcess(int childUsesTerminal);
}
