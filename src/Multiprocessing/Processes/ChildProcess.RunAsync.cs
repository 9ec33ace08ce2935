namespace Multiprocessing;

// Task.Run for processes: one call, one result, and cancelling kills.
public partial class ChildProcess
{
    /// <summary>Runs an action in a process of its own.</summary>
    /// <param name="work">What the child does.</param>
    /// <param name="cancellationToken">Kills the child (SIGKILL).</param>
    /// <returns>A task that ends when the child has ended and was reaped.</returns>
    /// <exception cref="NotSerializableException">A captured variable cannot cross; the message names it.</exception>
    /// <exception cref="ChildFailedException">The action threw.</exception>
    /// <exception cref="ChildCrashedException">The child ended without an answer.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled; the child is dead.</exception>
    public static Task RunAsync(Action work, CancellationToken cancellationToken = default) => RunToEnd<object?>(work, null, cancellationToken);

    /// <summary>Runs an asynchronous function in a process of its own.</summary>
    /// <inheritdoc cref="RunAsync(Action, CancellationToken)"/>
    public static Task RunAsync(Func<Task> work, CancellationToken cancellationToken = default) => RunToEnd<object?>(work, null, cancellationToken);

    /// <summary>Computes something in a process of its own.</summary>
    /// <typeparam name="T">The result's type.</typeparam>
    /// <param name="work">What the child computes.</param>
    /// <param name="cancellationToken">Kills the child (SIGKILL).</param>
    /// <returns>The result, once the child has ended and was reaped.</returns>
    /// <exception cref="NotSerializableException">A captured variable cannot cross; the message names it.</exception>
    /// <exception cref="ChildFailedException">The function threw.</exception>
    /// <exception cref="ChildCrashedException">The child ended without an answer.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled; the child is dead.</exception>
    public static Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken = default) => RunToEnd<T>(work, null, cancellationToken);

    /// <summary>Computes something asynchronously in a process of its own.</summary>
    /// <inheritdoc cref="RunAsync{T}(Func{T}, CancellationToken)"/>
    public static Task<T> RunAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken = default) => RunToEnd<T>(work, null, cancellationToken);

    /// <summary>Runs an action in a process of its own.</summary>
    /// <param name="work">What the child does.</param>
    /// <param name="options">How the child is started.</param>
    /// <param name="cancellationToken">Kills the child (SIGKILL).</param>
    /// <inheritdoc cref="RunAsync(Action, CancellationToken)"/>
    public static Task RunAsync(Action work, ChildProcessOptions options, CancellationToken cancellationToken = default) => RunToEnd<object?>(work, options, cancellationToken);

    /// <summary>Runs an asynchronous function in a process of its own.</summary>
    /// <inheritdoc cref="RunAsync(Action, ChildProcessOptions, CancellationToken)"/>
    public static Task RunAsync(Func<Task> work, ChildProcessOptions options, CancellationToken cancellationToken = default) => RunToEnd<object?>(work, options, cancellationToken);

    /// <summary>Computes something in a process of its own.</summary>
    /// <typeparam name="T">The result's type.</typeparam>
    /// <param name="work">What the child computes.</param>
    /// <param name="options">How the child is started.</param>
    /// <param name="cancellationToken">Kills the child (SIGKILL).</param>
    /// <inheritdoc cref="RunAsync{T}(Func{T}, CancellationToken)"/>
    public static Task<T> RunAsync<T>(Func<T> work, ChildProcessOptions options, CancellationToken cancellationToken = default) => RunToEnd<T>(work, options, cancellationToken);

    /// <summary>Computes something asynchronously in a process of its own.</summary>
    /// <inheritdoc cref="RunAsync{T}(Func{T}, ChildProcessOptions, CancellationToken)"/>
    public static Task<T> RunAsync<T>(Func<Task<T>> work, ChildProcessOptions options, CancellationToken cancellationToken = default) => RunToEnd<T>(work, options, cancellationToken);

    private static Task<T> RunToEnd<T>(Delegate work, ChildProcessOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        ChildProcess<T> child = new(work, options: options, cancellation: cancellationToken) { BelongsToCall = true };
        return child.RunToEndAsync();
    }
}
