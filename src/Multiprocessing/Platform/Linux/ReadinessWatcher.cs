using System.Collections.Concurrent;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>One thread that waits, for many, until something happens on their descriptors.</summary>
/// <remarks>
/// Started at first need, it sleeps in epoll_wait and ends with the process. A callback runs on it and must either consume what woke it or
/// end its registration, since the watch is level-triggered.
/// </remarks>
/// <param name="name">The thread's.</param>
internal sealed class ReadinessWatcher(string name)
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<long, Registration> _registrations = new();
    private SafeDescriptorHandle? _epoll;
    private long _lastNumber;

    /// <summary>For the ends and the words of all children. A callback must be short and never wait for user code.</summary>
    internal static ReadinessWatcher OfChildren { get; } = new("Multiprocessing watcher");

    internal Registration Watch(SafeDescriptorHandle descriptor, Action callback)
    {
        SafeDescriptorHandle epoll = Started();
        Registration registration = new(this, Interlocked.Increment(ref _lastNumber), descriptor, callback);
        _registrations[registration.Number] = registration;
        try
        {
            Os.EpollAdd(epoll, descriptor, PollEvents.Readable, registration.Number);
            return registration;
        }
        catch
        {
            _registrations.TryRemove(registration.Number, out _);
            throw;
        }
    }

    /// <summary>No <see cref="Lazy{T}"/>, which would remember for ever that once there were too many open descriptors.</summary>
    private SafeDescriptorHandle Started()
    {
        lock (_gate)
        {
            if (_epoll is null)
            {
                SafeDescriptorHandle epoll = Os.EpollCreate();
                new Thread(() => Run(epoll)) { IsBackground = true, Name = name }.Start();
                _epoll = epoll;
            }

            return _epoll;
        }
    }

    private void Run(SafeDescriptorHandle epoll)
    {
        Span<long> ready = stackalloc long[64];
        while (true)
        {
            int count = Os.EpollWait(epoll, ready);
            foreach (long number in ready[..count])
            {
                // One that was ended since is not found: its number is never used again, whatever became of its descriptor.
                if (_registrations.TryGetValue(number, out Registration? registration))
                {
                    registration.Callback();
                }
            }
        }
    }

    /// <summary>A watch; ends when disposed. A callback that runs at that moment runs to its end.</summary>
    internal sealed class Registration(ReadinessWatcher watcher, long number, SafeDescriptorHandle descriptor, Action callback) : IDisposable
    {
        internal long Number => number;

        internal Action Callback => callback;

        public void Dispose()
        {
            if (watcher._registrations.TryRemove(number, out _))
            {
                Os.EpollRemove(watcher._epoll!, descriptor);
            }
        }
    }
}
