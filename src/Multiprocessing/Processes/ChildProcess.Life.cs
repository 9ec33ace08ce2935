using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

// From the start of a child to its reaping.
public partial class ChildProcess
{
    private static readonly TimeSpan s_graceOfDaemons = TimeSpan.FromSeconds(1);

    private readonly ChildReport _report = new();
    private RunningChild? _child;
    private ChildExitStatus? _exitStatus;
    private TaskCompletionSource? _ended;
    private SafeHandle? _sentinel;
    private bool _canceled;

    /// <summary>What the child has said; complete once it has been reaped.</summary>
    private protected ChildReport Report => _report;

    /// <summary>Whether it was ended because its work was cancelled.</summary>
    private protected bool IsCanceled => _canceled;

    /// <summary>Whether it belongs to a call such as RunAsync, and so is ended, not waited for, when this process leaves.</summary>
    internal bool BelongsToCall { get; init; }

    /// <summary>Starts the child, once. It returns as soon as the system has the new process, before the child's code runs.</summary>
    /// <exception cref="InvalidOperationException">It has been started before; or this application cannot start children (the message says what to set).</exception>
    /// <exception cref="NotSerializableException">A captured variable, an argument or a field cannot cross; the message names it.</exception>
    /// <exception cref="PlatformNotSupportedException">This system is not supported.</exception>
    /// <exception cref="PosixException">The system refused: EAGAIN, ENOMEM, EMFILE, …</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    public void Start()
    {
        SpawnGuard.ThrowIfUnsafe();
        Children.Reap();
        lock (_gate)
        {
            ThrowIfClosed();
            if (_started)
            {
                throw new InvalidOperationException($"'{Name}' has been started before; make a new object for a new child.");
            }

            ProcessIdentity identity = new(Name, Pid: 0, Daemon);
            Work work = GetType().Assembly == typeof(ChildProcess).Assembly ? Work.Of(_target!, _arguments) : Work.Of(this, _target, _arguments);
            _child = RunningChild.Start(StartRequest.Write(work, identity, _lineage, _reports), _options);
            _started = true;
            _pid = _child.Pid;
            _target = null; // the child has its copy
            _arguments = [];
            Children.Add(this);
            if (_reports)
            {
                _child.Listen(OnSaidSomething);
            }
        }
    }

    /// <summary>Waits for the child's end, and reaps it.</summary>
    /// <param name="timeout">How long; null or <see cref="Timeout.InfiniteTimeSpan"/>: for ever; zero: not at all.</param>
    /// <returns>False when the time ran out.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="InvalidOperationException">The child has not been started.</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    public bool Join(TimeSpan? timeout = null)
    {
        TimeSpan? limit = timeout == Timeout.InfiniteTimeSpan ? null : timeout;
        if (limit is { } time)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, nameof(timeout));
        }

        ThrowIfClosed();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!HasFinished())
        {
            TimeSpan? left = limit - System.Diagnostics.Stopwatch.GetElapsedTime(start);
            bool listen = !_report.IsComplete;
            if (!Started().Wait(left < TimeSpan.Zero ? TimeSpan.Zero : left, listen))
            {
                return HasFinished();
            }
        }

        return true;
    }

    /// <summary>Waits for the child's end without blocking a thread, and reaps it.</summary>
    /// <param name="cancellationToken">Ends the waiting, not the child.</param>
    /// <returns>A task that ends when the child has.</returns>
    /// <exception cref="InvalidOperationException">The child has not been started.</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    public Task WaitForExitAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfClosed();
        return Ended().WaitAsync(cancellationToken);
    }

    /// <summary>Sends SIGTERM, which ends a child that has made no provision for it. Does nothing when the child has ended.</summary>
    /// <exception cref="InvalidOperationException">The child has not been started.</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    public void Terminate() => Send(Signal.Term);

    /// <summary>Sends SIGKILL, which ends any child. Does nothing when the child has ended.</summary>
    /// <exception cref="InvalidOperationException">The child has not been started.</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    public void Kill() => Send(Signal.Kill);

    /// <summary>Sends a signal. Does nothing when the child has ended.</summary>
    /// <param name="signal">
    /// The signal. The child's runtime swallows the first SIGILL, SIGBUS, SIGFPE, SIGSEGV or SIGTRAP that is sent to it, and the first SIGABRT if it comes while
    /// the child still starts, before its own code runs.
    /// </param>
    /// <exception cref="InvalidOperationException">The child has not been started.</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    /// <exception cref="PosixException">EPERM: the child has other credentials.</exception>
    public void Send(Signal signal)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            RunningChild child = Started();
            if (!TryFinish())
            {
                child.Send(signal);
            }
        }
    }

    /// <summary>Lets go of what the object holds. A second call does nothing.</summary>
    /// <exception cref="InvalidOperationException">The child still runs; it goes on.</exception>
    public void Close()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            if (_started && !TryFinish())
            {
                throw new InvalidOperationException($"'{Name}' still runs; wait for it or end it before closing it.");
            }

            _closed = true;
            _child?.Dispose();
            _sentinel?.Dispose();
        }
    }

    /// <summary>Ends a running child (SIGKILL), waits for its end, and closes the object.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends a running child (SIGKILL), waits for its end without blocking a thread, and closes the object.</summary>
    /// <returns>A task that ends when all is done.</returns>
    public async ValueTask DisposeAsync()
    {
        if (!_closed && _started)
        {
            Kill();
            await Ended().ConfigureAwait(false);
        }

        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends a running child and closes the object.</summary>
    /// <param name="disposing">Always true: there is no finalizer; a started child is remembered until it ends.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (!_closed && _started)
        {
            Kill();
            Join();
        }

        Close();
    }

    /// <summary>Kills the child because its work was cancelled.</summary>
    private protected void Cancel()
    {
        _canceled = true;
        lock (_gate)
        {
            if (!_closed && _started && !TryFinish())
            {
                Started().Send(Signal.Kill);
            }
        }
    }

    /// <summary>A task that ends when the child has been reaped, which this call sees to.</summary>
    private protected Task Ended()
    {
        lock (_gate)
        {
            RunningChild child = Started();
            if (TryFinish())
            {
                return Task.CompletedTask;
            }

            _ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            child.OnEnd(OnEnded);
            return _ended.Task;
        }
    }

    /// <summary>Called once, with the gate held, when the child has been reaped.</summary>
    private protected virtual void OnFinished()
    {
    }

    /// <summary>This process leaves: ends a daemon and what belongs to a call.</summary>
    internal void BeginLeaving()
    {
        lock (_gate)
        {
            if (!_closed && !TryFinish() && (Daemon || BelongsToCall))
            {
                Started().Send(BelongsToCall ? Signal.Kill : Signal.Term);
            }
        }
    }

    /// <summary>This process leaves: waits for the child's end. Whoever it belongs to may close it meanwhile.</summary>
    internal void EndLeaving()
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!HasFinished())
        {
            TimeSpan? left = Daemon ? s_graceOfDaemons - System.Diagnostics.Stopwatch.GetElapsedTime(start) : null;
            if (left <= TimeSpan.Zero)
            {
                Started().Send(Signal.Kill);
                left = null;
            }

            Started().Wait(left, listen: !_report.IsComplete);
        }
    }

    /// <summary>In a forked child: the object belongs to the parent; here it is as if closed.</summary>
    internal void Abandon()
    {
        _closed = true;
        _child?.Dispose();
        _sentinel?.Dispose();
    }

    /// <summary>Whether the child has ended; reaps it if so.</summary>
    internal bool HasFinished()
    {
        lock (_gate)
        {
            Started();
            return TryFinish();
        }
    }

    private RunningChild Started() => _child ?? throw new InvalidOperationException($"'{Name}' has not been started.");

    private void OnEnded()
    {
        lock (_gate)
        {
            TryFinish();
        }
    }

    private void OnSaidSomething()
    {
        lock (_gate)
        {
            if (_exitStatus is null)
            {
                Drain();
            }
        }
    }

    /// <summary>Reaps the child if it has ended. The gate is held.</summary>
    private bool TryFinish()
    {
        if (_exitStatus is not null)
        {
            return true;
        }

        bool ended = _child!.HasEnded;
        Drain(); // after the look: what an ended child said is all there
        if (!ended)
        {
            return false;
        }

        ChildExitStatus status = _child.Reap() is var (waited, usage)
            ? ChildExitStatus.From(waited, usage)
            : new ChildExitStatus(_report.LastWord ?? ChildExitStatus.UnknownExitCode, null, StopReason.Exited, default);
        _exitStatus = _canceled && status.Signal == Signal.Kill ? status with { Reason = StopReason.Canceled } : status;
        _child.Release(keepProcess: _sentinel is not null);
        Children.Remove(this);
        OnFinished();
        _ended?.TrySetResult();
        return true;
    }

    /// <summary>Takes in what the child has said. The gate is held.</summary>
    [SkipLocalsInit]
    private void Drain()
    {
        Span<byte> buffer = stackalloc byte[16 * 1024];
        while (!_report.IsComplete)
        {
            int count = _child!.Receive(buffer);
            if (count < 0)
            {
                return;
            }

            if (count == 0)
            {
                _report.Complete();
                _child.StopListening();
                return;
            }

            _report.Append(buffer[..count]);
        }
    }
}
