namespace Multiprocessing.Tests;

/// <summary>How long a test may take; without it, a minute.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TimeLimitAttribute(int seconds) : Attribute
{
    public static TimeSpan Default { get; } = TimeSpan.FromMinutes(1);

    public TimeSpan Limit { get; } = TimeSpan.FromSeconds(seconds);
}
