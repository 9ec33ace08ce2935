using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Waits for several things at once: connections, listeners, the ends of children, sockets, descriptors.</summary>
/// <remarks>
/// What can be waited for: a <see cref="Connection"/> that receives (a message is there, or the end of its peer), a <see cref="ConnectionListener"/> (a client can be accepted), a
/// <see cref="ChildProcess"/> that was started or its <see cref="ChildProcess.Sentinel"/> (it has ended), a <see cref="Socket"/>, and a <see cref="SafeHandle"/> of a descriptor that
/// poll(2) can wait for (there is something to read, or the end). What is closed during the wait counts as ready, a bare descriptor only when the wait is over.
/// Safe for use by several threads.
/// </remarks>
public static class ProcessWait
{
    /// <summary>Waits until at least one is ready.</summary>
    /// <param name="waitables">What to wait for. The list is read once, at the beginning.</param>
    /// <param name="timeout">How long; null or <see cref="Timeout.InfiniteTimeSpan"/>: for ever; zero: not at all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>All that are ready, in the order given; nothing when the time ran out, which it never does early.</returns>
    /// <exception cref="ArgumentException">One of them cannot be waited for, or there is nothing to wait for and no time given. The message says which.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="InvalidOperationException">A connection only sends, or a child has not been started.</exception>
    /// <exception cref="ObjectDisposedException">One of them is closed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<object> Any(IReadOnlyList<object> waitables, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(waitables);
        TimeSpan? limit = timeout == Timeout.InfiniteTimeSpan ? null : timeout;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit ?? TimeSpan.Zero, TimeSpan.Zero, nameof(timeout));
        RefuseNothing(waitables, hasEnd: limit is not null || cancellationToken.CanBeCanceled);
        cancellationToken.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        using WaitForAny wait = new(waitables);
        using Cancellation? cancellation = cancellationToken.CanBeCanceled ? new Cancellation(wait.Set, cancellationToken) : null;
        while (true)
        {
            TimeSpan? left = limit - Stopwatch.GetElapsedTime(start);
            bool timeIsUp = left <= TimeSpan.Zero;
            List<object> ready = wait.Look(timeIsUp ? TimeSpan.Zero : left);
            if (ready.Count > 0 || timeIsUp)
            {
                return ready;
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Waits until at least one is ready, without a thread.</summary>
    /// <param name="waitables">What to wait for. The list is read once, at the beginning.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>All that are ready, in the order given; at least one.</returns>
    /// <inheritdoc cref="Any" path="/exception"/>
    public static ValueTask<IReadOnlyList<object>> AnyAsync(IReadOnlyList<object> waitables, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(waitables);
        RefuseNothing(waitables, cancellationToken.CanBeCanceled);
        return WaitAsync(waitables, cancellationToken);
    }

    private static async ValueTask<IReadOnlyList<object>> WaitAsync(IReadOnlyList<object> waitables, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using WaitForAny wait = new(waitables);
        while (true)
        {
            List<object> ready = wait.Look(TimeSpan.Zero);
            if (ready.Count > 0)
            {
                return ready;
            }

            await wait.Set.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static void RefuseNothing(IReadOnlyList<object> waitables, bool hasEnd)
    {
        if (waitables.Count == 0 && !hasEnd)
        {
            throw new ArgumentException("There is nothing to wait for, so the wait would never end.", nameof(waitables));
        }
    }

    /// <summary>A cancelled token, as something to poll.</summary>
    private sealed class Cancellation : IDisposable
    {
        private readonly SafeDescriptorHandle _event = Os.EventFd();
        private readonly CancellationTokenRegistration _registration;

        internal Cancellation(WaitSet set, CancellationToken cancellationToken)
        {
            set.Add(_event);
            _registration = cancellationToken.UnsafeRegister(static state => Os.EventFdWrite((SafeDescriptorHandle)state!, 1), _event);
        }

        public void Dispose()
        {
            _registration.Dispose(); // waits for the callback, if it runs
            _event.Dispose();
        }
    }
}
