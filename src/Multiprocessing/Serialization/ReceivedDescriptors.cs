using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The descriptors that came with a message, until its reader has taken them. Disposing closes those that nobody took.</summary>
internal sealed class ReceivedDescriptors(IReadOnlyList<SafeDescriptorHandle> descriptors) : IDisposable
{
    private int _taken;

    /// <returns>Null when none is left.</returns>
    internal SafeDescriptorHandle? Take() => _taken < descriptors.Count ? descriptors[_taken++] : null;

    public void Dispose()
    {
        while (Take() is { } left)
        {
            left.Dispose();
        }
    }
}
