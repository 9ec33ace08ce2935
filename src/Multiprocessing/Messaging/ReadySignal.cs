using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A descriptor that polls readable as long as something is so, for those who wait for it together with others.</summary>
/// <remarks>Whoever owns it changes it under a lock of its own; those who poll need none.</remarks>
internal sealed class ReadySignal : IDisposable
{
    private bool _isReady;

    /// <exception cref="PosixException">EMFILE, ENFILE: too many open descriptors.</exception>
    internal ReadySignal() => Descriptor = Os.EventFd();

    internal SafeDescriptorHandle Descriptor { get; }

    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    internal void Set(bool isReady)
    {
        if (isReady == _isReady)
        {
            return;
        }

        _isReady = isReady;
        if (isReady)
        {
            Os.EventFdWrite(Descriptor, 1);
        }
        else
        {
            Os.EventFdRead(Descriptor);
        }
    }

    /// <summary>Those who wait on it hold it open until they have looked.</summary>
    public void Dispose() => Descriptor.Dispose();
}
