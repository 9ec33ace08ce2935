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
    /// without an answer.
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
        Start();
        try
        {
            using CancellationTokenRegistration registration = _cancellation.UnsafeRegister(static child => ((ChildProcess<T>)child!).Cancel(), this);
            return await Result.ConfigureAwait(false);
        }
        finally
        {
            Close(); // it has ended: Result does not complete before
        }
    }

    /// <summary>The result is rebuilt on the thread pool: it may be large, and the gate is held here, perhaps by the library's one watcher.</summary>
    private protected override void OnFinished() => ThreadPool.UnsafeQueueUserWorkItem(static child => child.Complete(), this, preferLocal: false);

    private void Complete()
    {
        try
        {
            if (Report.Result is { } result)
            {
                WireReader reader = new(result);
                _result.SetResult((T)ValueSerializer.Read(ref reader)!);
            }
            else if (Report.Failure is { } failure)
            {
                WireReader reader = new(failure);
                _result.SetException(new ChildFailedException(Pid, Name, RemoteFailure.Read(ref reader)));
            }
            else if (IsCanceled)
            {
                _result.SetCanceled(_cancellation);
            }
            else
            {
                _result.SetException(new ChildCrashedException(Pid, Name, ExitStatus!));
            }
        }
        catch (Exception exception)
        {
            // Rebuilding may run code of the user's types. Whatever it throws belongs to whoever awaits the result, not to the thread pool.
            _result.TrySetException(exception);
        }
    }
}
