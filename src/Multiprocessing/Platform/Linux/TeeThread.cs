using System.Collections.Concurrent;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The thread that copies what all children write to one of their standard streams that is <see cref="StandardStream.Tee"/>.</summary>
/// <remarks>
/// It waits in write when this process's stream does not take more, as a child that inherited the stream would. Standard output and standard error
/// have one each: whoever reads the one must not have to read the other first.
/// </remarks>
internal sealed class TeeThread
{
    // As much as a pipe holds: a line that a child wrote at once is read at once.
    private const int BufferSize = 64 * 1024;

    private static readonly Lock s_gate = new();
    private static readonly TeeThread?[] s_threads = new TeeThread?[3];

    private readonly ReadinessWatcher _watcher;
    private readonly SafeDescriptorHandle _wake;
    private readonly ConcurrentQueue<Action> _posted = new();

    private TeeThread(int number)
    {
        _watcher = new ReadinessWatcher($"Multiprocessing tee of {number}");
        _wake = Os.EventFd(flags: EventFdFlags.NonBlocking);
        try
        {
            _watcher.Watch(_wake, RunPosted);
        }
        catch
        {
            _wake.Dispose();
            throw;
        }

        // Where the user gave SIGPIPE its default action, a child's output that nobody reads must not end this process.
        Post(() => Os.SignalMask(MaskChange.Block, Signal.Pipe));
    }

    /// <summary>For what is read and written on the thread, one at a time.</summary>
    internal byte[] Buffer { get; } = new byte[BufferSize];

    /// <param name="number">1 for standard output, 2 for standard error.</param>
    internal static TeeThread Of(int number)
    {
        lock (s_gate)
        {
            return s_threads[number] ??= new TeeThread(number);
        }
    }

    internal ReadinessWatcher.Registration Watch(SafeDescriptorHandle descriptor, Action callback) => _watcher.Watch(descriptor, callback);

    /// <summary>Calls back once, on the thread.</summary>
    internal void Post(Action callback)
    {
        _posted.Enqueue(callback);
        Os.EventFdWrite(_wake, 1);
    }

    private void RunPosted()
    {
        Os.EventFdRead(_wake); // first: what is posted from now on wakes again
        while (_posted.TryDequeue(out Action? callback))
        {
            callback();
        }
    }
}
