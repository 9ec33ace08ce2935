using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Descriptors that one wait is for. They stay open as long as it does, even if others dispose them.</summary>
internal sealed class WaitSet : IDisposable
{
    private readonly List<SafeHandle> _handles = [];
    private readonly List<PollDescriptor> _descriptors = [];

    internal int Count => _handles.Count;

    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    internal void Add(SafeHandle handle, PollEvents events = PollEvents.Readable)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handles.Add(handle);
        _descriptors.Add(new PollDescriptor((int)handle.DangerousGetHandle(), events));
    }

    /// <summary>Waits on this thread, by one poll(2).</summary>
    /// <returns>False when the time ran out.</returns>
    internal bool Poll(TimeSpan? timeout) => Os.Poll(CollectionsMarshal.AsSpan(_descriptors), timeout) > 0;

    /// <summary>What the last poll saw of these together.</summary>
    internal PollEvents Seen(int first, int count)
    {
        PollEvents seen = PollEvents.None;
        foreach (PollDescriptor descriptor in CollectionsMarshal.AsSpan(_descriptors).Slice(first, count))
        {
            seen |= descriptor.Returned;
        }

        return seen;
    }

    /// <summary>Waits without a thread until something may have happened; a <see cref="Poll"/> tells what.</summary>
    /// <exception cref="OperationCanceledException">Something else came first.</exception>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WatchedDescriptors watched = new();
        try
        {
            foreach (PollDescriptor descriptor in _descriptors)
            {
                using SafeDescriptorHandle borrowed = new(descriptor.Descriptor, ownsHandle: false);
                watched.Add(borrowed, descriptor.Events);
            }

            using (cancellationToken.UnsafeRegister(static (state, token) => ((WatchedDescriptors)state!).Cancel(token), watched))
            {
                await watched.Task.ConfigureAwait(false);
            }
        }
        finally
        {
            watched.End();
        }
    }

    public void Dispose()
    {
        _handles.ForEach(handle => handle.DangerousRelease());
        _handles.Clear();
        _descriptors.Clear();
    }
}
