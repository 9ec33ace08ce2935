namespace Multiprocessing.Posix;

/// <summary>Whether this program may be executed again. By itself, since a starting child sets it, and every other static field of its class would cost it time.</summary>
internal static class ForkPermission
{
    /// <summary>Why it must not be, if so; set by the layer above in its children.</summary>
    internal static string? Refusal { get; set; }
}
