using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

// From the start of a child to its reaping.
public partial class ChildProcess
{
    private static readonly TimeSpan s_graceOfDaemons = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_graceOfInterrupts = TimeSpan.FromSeconds(1);

    private ChildReport _report = new();
    private RunningChild? _child;
    private ChildExitStatus? _exitStatus;
    private TaskCompletionSource? _ended;
    private SafeHandle? _sentinel;
    private TaskCompletionSource? _optionsSettled;
    private StopReason? _stopped;
    private ulong _sent; // a bit for each signal
    private bool _left;

    /// <summary>How it ended, if it has been reaped.</summary>
    private protected ChildExitStatus? ReapedStatus => _exitStatus;

    /// <summary>What the child has said; complete once it has been reaped.</summary>
    private protected ChildReport Report => _report;

    /// <summary>How long nobody is to be told that the child ended without an answer, for this process may well end in the same moment.</summary>
    /// <remarks>
    /// Ctrl-C sends SIGINT to parent and children at once; the parent needs a moment to die of it, or to cancel what the child was doing, and until then an exception
    /// would be noise. And when this process leaves, it has ended the child itself.
    /// </remarks>
    private protected TimeSpan SilenceAboutEnd =>
        _left ? Timeout.InfiniteTimeSpan : _exitStatus?.Signal == Signal.Int && !HasSent(Signal.Int) ? s_graceOfInterrupts : TimeSpan.Zero;

    /// <summary>Whether it belongs to a call such as RunAsync, and so is ended, not waited for, when this process leaves.</summary>
    internal bool BelongsToCall { get; init; }

    /// <summary>Starts the child, once.</summary>
    /// <remarks>
    /// It returns as soon as the system has the new process, before the child's code runs. Where the child has to apply <see cref="ChildProcessOptions"/> to itself, such as a
    /// working directory, a user or a limit, it returns when that is done.
    /// </remarks>
    /// <exception cref="ChildStartException">An option cannot be applied. No child is left, and the object can be started again.</exception>
    /// <exception cref="ArgumentException">A variable of the environment option cannot be one.</exception>
    /// <exception cref="InvalidOperationException">It has been started before; or this application cannot start children (the message says what to set).</exception>
    /// <exception cref="NotSerializableException">A captured variable, an argument or a field cannot cross; the message names it.</exception>
    /// <exception cref="PlatformNotSupportedException">This system is not supported.</exception>
    /// <exception cref="PosixException">The system refused: EAGAIN, ENOMEM, EMFILE, …</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    public void Start()
    {
        Begin();
        if (_optionsSettled is not null)
        {
            AwaitOptions(_optionsSettled.Task);
        }

        ForgetWork();
    }

    /// <summary>Starts the child, and leaves it to its report whether its options could be applied.</summary>
    private protected void Begin()
    {
        RunningChild.ThrowIfUnsupported();
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
            ChildSettings settings = new(_options);
            using WireWriter request = StartRequest.Write(work, identity, _lineage, _reports, settings, _options);
            RunningChild child = RunningChild.Start(request, settings, _options);
            ForgetFailedStart();
            _child = child;
            _started = true;
            _pid = child.Pid;
            Children.Add(this);
            try
            {
                LookAfter(child);
            }
            catch
            {
                AbandonStart(child);
                throw;
            }
        }
    }

    /// <summary>The child has its copy.</summary>
    private protected void ForgetWork()
    {
        _target = null;
        _arguments = [];
    }

    /// <exception cref="PosixException">Too many descriptors are open.</exception>
    private void LookAfter(RunningChild child)
    {
        bool hasOptions = StartOptions.Of(_options) != StartOption.None;
        _optionsSettled = hasOptions ? new TaskCompletionSource() : null;
        if (_reports || hasOptions)
        {
            child.Listen(OnSaidSomething);
        }

        if (_options.Timeout is { } time)
        {
            child.After(time, () => Stop(StopReason.TimedOut));
        }
    }

    /// <summary>Whoever hears the child first, the library's watcher or somebody who asks how it is, settles it; so it is not the channel that is waited for here.</summary>
    private void AwaitOptions(Task settled)
    {
        settled.Wait();
        if (_report.Started is null)
        {
            WaitForEnd(limit: null); // it ends by itself, at once, if it has not been ended
            if (_report.StartFailure is not null || _stopped is null)
            {
                throw StartFailed();
            }
        }

        if (!_reports)
        {
            lock (_gate) // or it would be released meanwhile
            {
                _child!.StopListening(); // nobody waits to hear the rest
            }
        }
    }

    /// <summary>The child has ended without its options, and not by our doing: makes the object one that has not been started.</summary>
    private ChildStartException StartFailed()
    {
        lock (_gate)
        {
            ChildStartException exception = _report.StartFailure is { } failure
                ? StartFailure(failure)
                : new ChildStartException(Name, option: null, $"it ended before its code ran, with exit code {_exitStatus!.ExitCode}");
            BecomeUnstarted();
            return exception;
        }
    }

    /// <summary>There is a child, but nothing to look after it with. The gate is held.</summary>
    private void AbandonStart(RunningChild child)
    {
        if (!child.TryEnd(Signal.Kill))
        {
            return; // it has another user already, and goes on: it counts as started
        }

        while (!TryFinish())
        {
            child.Wait(timeout: null, listen: false);
        }

        BecomeUnstarted();
    }

    /// <summary>The gate is held. What tells of the child's end stays until the next start: others may be looking at it.</summary>
    private void BecomeUnstarted()
    {
        OnStartFailed();
        _child!.Dispose();
        _sentinel?.Dispose();
        _sentinel = null;
        _pid = null;
        _started = false;
    }

    private void ForgetFailedStart()
    {
        _ended = null;
        _exitStatus = null;
        _stopped = null;
        _sent = 0;
        _written = [];
        _report = new ChildReport();
    }

    private protected ChildStartException StartFailure(byte[] message)
    {
        WireReader reader = new(message) { Asked = _report.IsTrusted ? null : [] };
        string? option = reader.NullableString();
        RemoteFailure failure = RemoteFailure.Read(ref reader);
        return new ChildStartException(Name, option, failure.Message, failure.Rebuild(pid: null, Name));
    }

    /// <summary>Waits for the child's end, and reaps it.</summary>
    /// <param name="timeout">How long; null or <see cref="Timeout.InfiniteTimeSpan"/>: for ever; zero: not at all.</param>
    /// <returns>False when the time ran out.</returns>
    /// <remarks>What the child wrote to a stream that is <see cref="StandardStream.Tee"/> is on this process's stream then, unless the time runs out over that.</remarks>
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
        if (!WaitForEnd(limit))
        {
            return false;
        }

        WaitForOutput(limit, start);
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
        return WithOutput(Ended()).WaitAsync(cancellationToken);
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
            if (_exitStatus is null && !child.HasEnded)
            {
                child.Send(signal);
                Remember(signal);
            }
        }
    }

    /// <summary>Sends SIGTERM, and SIGKILL if the child has not ended some time after that.</summary>
    /// <param name="grace">How long the child has; <see cref="Timeout.InfiniteTimeSpan"/>: as long as it takes; zero: nothing.</param>
    /// <param name="cancellationToken">Ends the grace: SIGKILL follows at once.</param>
    /// <returns>How it ended, once it has and was reaped.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="InvalidOperationException">The child has not been started.</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    /// <exception cref="PosixException">EMFILE: too many descriptors are open, and nothing was sent; EPERM: the child has other credentials, and is not tied to this process either.</exception>
    public async Task<ChildExitStatus> StopAsync(TimeSpan grace, CancellationToken cancellationToken = default)
    {
        if (grace != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        }

        ThrowIfClosed();
        Task ended = Ended(); // before the signal: it may fail
        End(Signal.Term);
        try
        {
            await ended.WaitAsync(grace.TotalMilliseconds < int.MaxValue ? grace : Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            KillOrSayWhyNot();
        }

        await WithOutput(ended).ConfigureAwait(false);
        return _exitStatus!;
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
            Task ended = EndedOrBlock();
            KillOrSayWhyNot();
            await ended.ConfigureAwait(false);
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
            KillOrSayWhyNot();
            WaitForEnd(limit: null);
        }

        Close();
    }

    private void KillOrSayWhyNot()
    {
        if (!End(Signal.Kill))
        {
            Kill();
        }
    }

    /// <summary>Where no descriptor is left to be told of the end, whoever disposes waits for it himself.</summary>
    private Task EndedOrBlock()
    {
        try
        {
            return Ended();
        }
        catch (PosixException)
        {
            return Task.CompletedTask;
        }
    }

    /// <summary>Ends the child for a reason of ours, which its exit status will say: by SIGKILL, or as gently as its options have it.</summary>
    private protected void Stop(StopReason reason)
    {
        lock (_gate)
        {
            if (_stopped is not null || _closed || !_started || _exitStatus is not null || _child!.HasEnded)
            {
                return;
            }

            _stopped = reason;
            End(_options.TerminateTimeout > TimeSpan.Zero && TryKillAfter(_options.TerminateTimeout) ? Signal.Term : Signal.Kill);
        }
    }

    /// <returns>False where too many descriptors are open.</returns>
    private bool TryKillAfter(TimeSpan time)
    {
        try
        {
            _child!.After(time, () => End(Signal.Kill));
            return true;
        }
        catch (PosixException)
        {
            return false; // so the child is killed at once: better too early than never
        }
    }

    /// <summary>Ends a child that may have ended, or be closed, by now, as far as this process may. It does not reap: nobody has asked how the child ended.</summary>
    /// <returns>False when this process may do nothing to the child, which has another user.</returns>
    private bool End(Signal signal)
    {
        lock (_gate)
        {
            if (_closed || !_started || _exitStatus is not null || _child!.HasEnded)
            {
                return true;
            }

            Remember(signal);
            return _child.TryEnd(signal);
        }
    }

    private void Remember(Signal signal) => _sent |= 1UL << (signal.Number - 1);

    private bool HasSent(Signal signal) => (_sent >> (signal.Number - 1) & 1) != 0;

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

    /// <summary>Called, with the gate held, when <see cref="Start()"/> is about to throw what went wrong.</summary>
    private protected virtual void OnStartFailed()
    {
    }

    /// <summary>This process leaves: ends a daemon and what belongs to a call.</summary>
    internal void BeginLeaving()
    {
        lock (_gate)
        {
            if (!_closed && (Daemon || BelongsToCall))
            {
                _left |= _exitStatus is null;
                End(BelongsToCall ? Signal.Kill : Signal.Term);
            }
        }
    }

    /// <summary>This process leaves: waits for the child's end. Whoever it belongs to may close it meanwhile.</summary>
    /// <param name="start">When the daemons were asked to end.</param>
    internal void EndLeaving(long start)
    {
        TimeSpan grace = _options.TerminateTimeout > TimeSpan.Zero ? _options.TerminateTimeout : s_graceOfDaemons;
        while (!IsGone())
        {
            TimeSpan? left = Daemon ? grace - System.Diagnostics.Stopwatch.GetElapsedTime(start) : null;
            if (left <= TimeSpan.Zero)
            {
                if (!End(Signal.Kill))
                {
                    return; // it cannot be ended, so it is not waited for
                }

                left = null;
            }

            _child!.Wait(left, listen: !_report.IsComplete);
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
    private bool HasFinished()
    {
        lock (_gate)
        {
            Started();
            return TryFinish();
        }
    }

    /// <summary>Whether there is no such child, or none any more; reaps it if it has ended.</summary>
    internal bool IsGone()
    {
        lock (_gate)
        {
            return !_started || TryFinish();
        }
    }

    private bool WaitForEnd(TimeSpan? limit)
    {
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

    private RunningChild Started() => _started ? _child! : throw new InvalidOperationException($"'{Name}' has not been started.");

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

    /// <summary>Reaps the child if it has ended. The gate is held, and there is a child, or a start that failed and left its end.</summary>
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
        _exitStatus = status with { Reason = _stopped ?? LimitVerdict.On(status, _report, _options, byUs: status.Signal is { } signal && HasSent(signal)) ?? status.Reason };
        try
        {
            EndOutput();
        }
        finally
        {
            _child.Release(keepProcess: _sentinel is not null);
            Children.Remove(this);
            OnFinished();
            _ended?.TrySetResult();
        }

        return true;
    }

    /// <summary>Takes in what the child has said. The gate is held.</summary>
    private void Drain()
    {
        ReadChannel();
        if (_report.Started is not null || _report.StartFailure is not null || _report.IsComplete)
        {
            _optionsSettled?.TrySetResult();
        }
    }

    [SkipLocalsInit]
    private void ReadChannel()
    {
        Span<byte> buffer = stackalloc byte[16 * 1024];
        List<SafeDescriptorHandle> descriptors = [];
        while (!_report.IsComplete)
        {
            int count;
            bool isTrusted;
            try
            {
                count = _child!.Receive(buffer, descriptors, out isTrusted);
            }
            catch (InvalidDataException)
            {
                _report.Refuse();
                _child!.StopListening();
                return;
            }

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

            _report.Append(buffer[..count], descriptors, isTrusted);
            descriptors.Clear();
        }
    }
}
