namespace Multiprocessing;

/// <summary>
/// Keeps a program from starting itself without end. Where a child's way in is a start-up hook and it does not run, a child would run Main, which starts
/// children, which run Main: thousands in a minute. So the switch is looked at before anything is started, and a process that finds
/// itself started as a child, but never took its work over, starts none.
/// </summary>
internal static class SpawnGuard
{
    private const string Advice =
        "Set <StartupHookSupport>true</StartupHookSupport> in the project; where it is published trimmed or ahead of time, also <TrimmerRootAssembly Include=\"Multiprocessing\" />.";

    /// <exception cref="InvalidOperationException">A child would run Main again.</exception>
    internal static void ThrowIfUnsafe()
    {
        if (RunningChild.NeedsHook && AppContext.TryGetSwitch("System.StartupHookProvider.IsSupported", out bool supported) && !supported)
        {
            throw new InvalidOperationException($"Start-up hooks are switched off in this application (System.StartupHookProvider.IsSupported is false), so a child would run Main again instead of its work. {Advice}");
        }

        if (ChildSettings.IsMarkPending)
        {
            throw new InvalidOperationException($"This process was started as a child, but runs Main instead of its work, because its start-up hook did not run; it must not start children in turn. {Advice}");
        }
    }
}
