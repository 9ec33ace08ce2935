namespace Multiprocessing.Tests;

internal static class WarmUpOf
{
    /// <summary>Layer 1 keeps nothing.</summary>
    internal static void Library()
    {
    }
}
