using System.Collections.Concurrent;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The one thread of the library that waits, for all children, until something happens on their descriptors.</summary>
/// <remarks>
/// Started at first need, it sleeps in epoll_wait and ends with the process. A callback runs on it: it must be short, never wait for user
/// code, and either consume what woke it or end its registration, since the watch is level-triggered.
/// </remarks>
internal static class ReadinessWatcher
{
    private static readonly Lazy<SafeDescriptorHandle> s_epoll = new(Start);
    private static readonly ConcurrentDictionary<long, Registration> s_registrations = new();
    private static long s_lastNumber;

    internal static Registration Watch(SafeDescriptorHandle descriptor, Action callback)
    {
        Registration registration = new(Interlocked.Increment(ref s_lastNumber), descriptor, callback);
        s_registrations[registration.Number] = registration;
        try
        {
            Os.EpollAdd(s_epoll.Value, descriptor, PollEvents.Readable, registration.Number);
            return registration;
        }
        catch
        {
            s_registrations.TryRemove(registration.Number, out _);
            throw;
        }
    }

    private static SafeDescriptorHandle Start()
    {
        SafeDescriptorHandle epoll = Os.EpollCreate();
        new Thread(() => Run(epoll)) { IsBackground = true, Name = "Multiprocessing watcher" }.Start();
        return epoll;
    }

    private static void Run(SafeDescriptorHandle epoll)
    {
        Span<long> ready = stackalloc long[64];
        while (true)
        {
            int count = Os.EpollWait(epoll, ready);
            foreach (long number in ready[..count])
            {
                // One that was ended since is not found: its number is never used again, whatever became of its descriptor.
                if (s_registrations.TryGetValue(number, out Registration? registration))
                {
                    registration.Callback();
                }
            }
        }
    }

    /// <summary>A watch; ends when disposed. A callback that runs at that moment runs to its end.</summary>
    internal sealed class Registration(long number, SafeDescriptorHandle descriptor, Action callback) : IDisposable
    {
        internal long Number => number;

        internal Action Callback => callback;

        public void Dispose()
        {
            if (s_registrations.TryRemove(number, out _))
            {
                Os.EpollRemove(s_epoll.Value, descriptor);
            }
        }
    }
}
