using System.Reflection;
using System.Runtime.Loader;

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

    /// <exception cref="InvalidOperationException">A child would run Main again, or not be this program at all.</exception>
    internal static void ThrowIfUnsafe()
    {
        if (Assembly.GetEntryAssembly() is null)
        {
            throw new InvalidOperationException("This process is not a .NET program: a native one loaded the runtime. A child would be that native program once more, so none can be started.");
        }

        if (AssemblyLoadContext.GetLoadContext(typeof(SpawnGuard).Assembly) is { } context && context != AssemblyLoadContext.Default)
        {
            throw new InvalidOperationException($"The Multiprocessing library was loaded into the assembly load context '{context.Name}', of which a child knows nothing. Reference it from the program itself, and let the context take the program's (its Load returns null for it).");
        }

        RunningChild.ThrowIfProgramIsGone();
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
