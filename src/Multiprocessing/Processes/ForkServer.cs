using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Multiprocessing;

/// <summary>A process that is kept warm, so that children are copies of it and need not start a runtime. Not available yet: children are spawned.</summary>
public static class ForkServer
{
    private const string NotYet = "This version of Multiprocessing has no fork server yet; children are spawned.";

    private static readonly Lock s_gate = new();

    /// <summary>The fork server's process ID; null while there is none.</summary>
    public static int? Pid => null;

    /// <summary>What children run before their work. Replaced, never changed.</summary>
    internal static Action[] WarmUps { get; private set; } = [];

    /// <summary>Whether children can come from a fork server here.</summary>
    /// <param name="reason">Why not.</param>
    /// <returns>False, so far.</returns>
    public static bool IsSupported([NotNullWhen(false)] out string? reason)
    {
        reason = NotYet;
        return false;
    }

    /// <summary>Has assemblies loaded in the server, for all its children. Does nothing where there is no server.</summary>
    /// <param name="assemblies">The assemblies.</param>
    public static void Preload(params Assembly[] assemblies) => ArgumentNullException.ThrowIfNull(assemblies);

    /// <summary>Has an action run in the server, once, and in each child that had to be spawned instead, before its work.</summary>
    /// <param name="action">What to prepare: a static method or a lambda, sent as the target of a child is. What it throws is the child's failure.</param>
    public static void WarmUp(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        lock (s_gate)
        {
            WarmUps = [.. WarmUps, action];
        }
    }

    /// <summary>Starts the server if it does not run.</summary>
    /// <exception cref="PlatformNotSupportedException">There is no fork server here.</exception>
    public static void EnsureRunning() => throw new PlatformNotSupportedException(NotYet);

    /// <summary>Keeps a number of children forked and waiting. Does nothing where there is no server.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static void Standby(int count) => ArgumentOutOfRangeException.ThrowIfNegative(count);
}
