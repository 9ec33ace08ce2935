using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>A child whose work has a result, which can be awaited.</summary>
/// <typeparam name="T">The result's type.</typeparam>
public class ChildProcess<T> : ChildProcess
{
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _cancellation;

    internal ChildProcess(Delegate target, string? name = null, bool? daemon = null, ChildProcessOptions? options = null, CancellationToken cancellation = default)
        : base(target, [], reports: true, name, daemon, options) => _cancellation = cancellation;

    /// <summary>The result, once the child has ended and was reaped.</summary>
    /// <remarks>
    /// Fails with <see cref="ChildFailedException"/> when the child's code threw, with <see cref="ChildCrashedException"/> when the child ended
    /// without an answer, or went over a limit of its options. An end by a SIGINT that this process did not send is told a second later: it is likely Ctrl-C, which ends
    /// this process, too.
    /// </remarks>
    public Task<T> Result
    {
        get
        {
            if (!_result.Task.IsCompleted)
            {
                _ = Ended();
            }

            return _result.Task;
        }
    }

    /// <summary>Awaits <see cref="Result"/>.</summary>
    /// <returns>The result's awaiter.</returns>
    public TaskAwaiter<T> GetAwaiter() => Result.GetAwaiter();

    /// <summary>Starts the child and gives its result; cancelling kills the child.</summary>
    internal async Task<T> RunToEndAsync()
    {
        _cancellation.ThrowIfCancellationRequested();
        Begin();
        ForgetWork();
        try
        {
            using CancellationTokenRegistration registration = _cancellation.UnsafeRegister(static child => ((ChildProcess<T>)child!).Stop(StopReason.Canceled), this);
            return await Result.ConfigureAwait(false);
        }
        finally
        {
            Close(); // it has ended: Result does not complete before
        }
    }

    /// <summary>The result is rebuilt on the thread pool: it may be large, and the gate is held here, perhaps by the library's one watcher.</summary>
    private protected override void OnFinished()
    {
        bool hasAnswer = Report.Result is not null || Report.Failure is not null || Report.StartFailure is not null;
        ThreadPool.UnsafeQueueUserWorkItem(
            static end => _ = end.Child.CompleteAsync(end.Silence), (Child: this, Silence: hasAnswer ? TimeSpan.Zero : SilenceAboutEnd), preferLocal: false);
    }

    /// <summary>Nobody will ever see the task, so nobody is to be told that nobody has looked at its exception.</summary>
    private protected override void OnStartFailed() =>
        _ = _result.Task.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private async Task CompleteAsync(TimeSpan silence)
    {
        if (silence != TimeSpan.Zero)
        {
            await Task.Delay(silence, _cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // cancelling ends the silence
        }

        await WithOutput(Task.CompletedTask).ConfigureAwait(false);
        Complete();
    }

    /// <summary>A child of another user, whether it was started or made itself that, must not choose types that this process then makes, or assemblies that it loads.</summary>
    private Type[]? Asked => Report.IsTrusted ? null : TypeReference.PartsOf(typeof(T));

    private void Complete()
    {
        try
        {
            ChildExitStatus status = ReapedStatus!;
            if (Report.Result is { } result)
            {
                using ReceivedDescriptors? descriptors = Report.ResultDescriptors;
                WireReader reader = new(result) { Asked = Asked, Descriptors = descriptors };
                _result.SetResult((T)ValueSerializer.Read(ref reader)!);
            }
            else if (Report.StartFailure is { } startFailure)
            {
                _result.SetException(StartFailure(startFailure));
            }
            else if (status.Reason == StopReason.Canceled || _cancellation.IsCancellationRequested)
            {
                _result.SetCanceled(_cancellation);
            }
            else if (Report.Failure is { } failure)
            {
                WireReader reader = new(failure) { Asked = Asked };
                RemoteFailure remote = RemoteFailure.Read(ref reader);
                _result.SetException(status.Reason == StopReason.Exited
                    ? new ChildFailedException(Pid, Name, remote)
                    : new ChildCrashedException(Pid, Name, status, LastOutput, LastErrorOutput, remote.Rebuild(Pid, Name)));
            }
            else
            {
                _result.SetException(new ChildCrashedException(Pid, Name, status, LastOutput, LastErrorOutput));
            }
        }
        catch (Exception exception)
        {
            // Rebuilding may run code of the user's types. Whatever it throws belongs to whoever awaits the result, not to the thread pool.
            _result.TrySetException(exception);
        }
    }
}
