using Multiprocessing;

#pragma warning disable CA1050, MA0047 // The runtime looks for this name, outside any namespace.

/// <summary>The child's way in where there is no shared host: the runtime calls it before Main when DOTNET_STARTUP_HOOKS names this assembly.</summary>
internal static class StartupHook
{
    /// <summary>Runs the child's work and ends the process; returns at once in a process that is no child.</summary>
    public static void Initialize()
    {
        if (ChildSettings.FindMark() is { } mark)
        {
            ChildMain.Run(mark);
        }
    }
}
