using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The descriptors of a message that may have to wait: the sender may close its own as soon as the call returns.</summary>
/// <param name="descriptors">The sender's; replaced in place by duplicates when the wait begins.</param>
internal sealed class OwnDescriptors(SafeDescriptorHandle[] descriptors) : IDisposable
{
    private int _count;

    /// <summary>Makes them the message's own, if they are not yet.</summary>
    /// <exception cref="PosixException">EMFILE: this process may not open more.</exception>
    /// <exception cref="ObjectDisposedException">One was closed meanwhile.</exception>
    internal void Duplicate()
    {
        for (; _count < descriptors.Length; _count++)
        {
            descriptors[_count] = Os.Dup(descriptors[_count]);
        }
    }

    public void Dispose()
    {
        while (_count > 0)
        {
            descriptors[--_count].Dispose();
        }
    }
}
