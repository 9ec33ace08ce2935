using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>One wait without a thread, for the first thing that happens on any of several descriptors. Whatever ends it first ends it for good, and takes its watches away at once.</summary>
/// <remarks>
/// Each descriptor is watched by a duplicate in the watcher's own epoll: an epoll takes each descriptor once, but several may wait for one; and one epoll for each wait
/// within the watcher's would be refused (EINVAL) from the 501st wait for one descriptor on, the kernel's limit of paths from a file to those who wait for it.
/// </remarks>
internal sealed class WatchedDescriptors
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(ReadinessWatcher.Registration Registration, SafeDescriptorHandle Duplicate)> _watches = [];
    private bool _hasEnded;

    /// <summary>Ends when something has happened, or as <see cref="End"/> says.</summary>
    internal Task Task => _done.Task;

    /// <summary>Begins to watch one more, unless the wait has ended. A descriptor that is closed ends it.</summary>
    /// <exception cref="PosixException">EMFILE, ENOMEM, …; the caller is to call <see cref="End"/>.</exception>
    internal void Add(SafeDescriptorHandle descriptor, PollEvents events)
    {
        lock (_gate) // which a callback waits for, so it sees the watch that called it
        {
            if (_hasEnded)
            {
                return;
            }

            SafeDescriptorHandle duplicate;
            try
            {
                duplicate = Os.Dup(descriptor);
            }
            catch (ObjectDisposedException)
            {
                _done.TrySetResult(); // what was waited for is gone: let them look
                return;
            }

            try
            {
                _watches.Add((ReadinessWatcher.OfConnections.Watch(duplicate, Happened, events), duplicate));
            }
            catch
            {
                duplicate.Dispose();
                throw;
            }
        }
    }

    /// <summary>Ends all watches. The task is to be ended after it, or has ended.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _hasEnded = true;
            foreach ((ReadinessWatcher.Registration registration, SafeDescriptorHandle duplicate) in _watches)
            {
                registration.Dispose();
                duplicate.Dispose();
            }

            _watches.Clear();
        }
    }

    internal void Cancel(CancellationToken cancellationToken)
    {
        End();
        _done.TrySetCanceled(cancellationToken);
    }

    internal void Fail(Exception exception)
    {
        End();
        _done.TrySetException(exception);
    }

    private void Happened()
    {
        End();
        _done.TrySetResult();
    }
}
