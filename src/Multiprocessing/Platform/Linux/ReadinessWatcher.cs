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
    private static ReadinessWatcher s_ofConnections = new("Multiprocessing connections");

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<long, Registration> _registrations = new();
    private SafeDescriptorHandle? _epoll;
    private readonly int _process = Environment.ProcessId;
    private long _lastNumber;

    /// <summary>For the ends and the words of all children. A callback must be short and never wait for user code.</summary>
    internal static ReadinessWatcher OfChildren { get; } = new("Multiprocessing watcher");

    /// <summary>For whoever waits for messages, for clients or for several things, without a thread. A callback must be short and never wait for user code.</summary>
    /// <remarks>A forked child has its parent's epoll descriptor, but not the thread that waits there: it gets another one.</remarks>
    internal static ReadinessWatcher OfConnections
    {
        get
        {
            ReadinessWatcher watcher = s_ofConnections;
            if (watcher._process != Environment.ProcessId)
            {
                Interlocked.CompareExchange(ref s_ofConnections, new ReadinessWatcher("Multiprocessing connections"), watcher);
                watcher = s_ofConnections;
            }

            return watcher;
        }
    }

    /// <param name="descriptor">What to watch; each only once at a time. It stays open until the registration ends, even if it is disposed before.</param>
    /// <param name="callback">Called while one of the events lasts.</param>
    /// <param name="events">Which; errors and hang-ups always are among them.</param>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    internal Registration Watch(SafeDescriptorHandle descriptor, Action callback, PollEvents events = PollEvents.Readable)
    {
        SafeDescriptorHandle epoll = Started();
        bool held = false;
        descriptor.DangerousAddRef(ref held);
        Registration registration = new(this, Interlocked.Increment(ref _lastNumber), descriptor, callback);
        _registrations[registration.Number] = registration;
        try
        {
            Os.EpollAdd(epoll, descriptor, events, registration.Number);
            return registration;
        }
        catch
        {
            _registrations.TryRemove(registration.Number, out _);
            descriptor.DangerousRelease();
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
    /// <remarks>
    /// Several may dispose it at once: one of them ends it, and the others do not wait for that. So it holds the descriptor open itself; if another could close it
    /// first, the one that ends the watch, often a callback on the watching thread, would fail, and with it the process.
    /// </remarks>
    internal sealed class Registration(ReadinessWatcher watcher, long number, SafeDescriptorHandle descriptor, Action callback) : IDisposable
    {
        internal long Number => number;

        internal Action Callback => callback;

        public void Dispose()
        {
            if (!watcher._registrations.TryRemove(number, out _))
            {
                return;
            }

            try
            {
                if (watcher._process == Environment.ProcessId)
                {
                    Os.EpollRemove(watcher._epoll!, descriptor);
                }
            }
            finally
            {
                descriptor.DangerousRelease();
            }
        }
    }
}
