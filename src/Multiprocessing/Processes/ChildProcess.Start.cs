namespace Multiprocessing;

// Starting in one call.
public partial class ChildProcess
{
    /// <summary>Starts a child that runs an action.</summary>
    /// <param name="target">What the child does.</param>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    /// <remarks>
    /// Statics start fresh in the child, what it writes to captured variables stays there, and <see cref="Console.ReadLine"/> gives null in it
    /// unless the options give it an input. Join it, or make it a daemon: at its end this process waits for a child that is neither.
    /// </remarks>
    /// <returns>The started child.</returns>
    /// <exception cref="NotSerializableException">A captured variable cannot cross; the message names it.</exception>
    public static ChildProcess Start(Action target, string? name = null, bool? daemon = null, ChildProcessOptions? options = null) =>
        Started(new ChildProcess(target, name, daemon, options));

    /// <summary>Starts a child that runs an asynchronous function and ends when its task does.</summary>
    /// <param name="target">What the child does.</param>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    /// <remarks>
    /// Statics start fresh in the child, what it writes to captured variables stays there, and <see cref="Console.ReadLine"/> gives null in it
    /// unless the options give it an input. Join it, or make it a daemon: at its end this process waits for a child that is neither.
    /// </remarks>
    /// <returns>The started child.</returns>
    /// <exception cref="NotSerializableException">A captured variable cannot cross; the message names it.</exception>
    public static ChildProcess Start(Func<Task> target, string? name = null, bool? daemon = null, ChildProcessOptions? options = null) =>
        Started(new ChildProcess(target, name, daemon, options));

    /// <summary>Starts a child that calls a method with arguments.</summary>
    /// <param name="target">What the child calls.</param>
    /// <param name="args">The arguments by position.</param>
    /// <param name="kwargs">Further arguments, by parameter name; parameters with a default value may be left out.</param>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    /// <remarks>
    /// Statics start fresh in the child, what it writes to captured variables stays there, and <see cref="Console.ReadLine"/> gives null in it
    /// unless the options give it an input. Join it, or make it a daemon: at its end this process waits for a child that is neither.
    /// </remarks>
    /// <returns>The started child.</returns>
    /// <exception cref="ArgumentException">The arguments do not fit the parameters; the message names the one that does not.</exception>
    /// <exception cref="NotSerializableException">An argument or a captured variable cannot cross; the message names it.</exception>
    public static ChildProcess Start(Delegate target, object?[] args, IReadOnlyDictionary<string, object?>? kwargs = null, string? name = null, bool? daemon = null, ChildProcessOptions? options = null) =>
        Started(new ChildProcess(target, args, kwargs, name, daemon, options));

    /// <summary>Starts a child whose result can be awaited.</summary>
    /// <typeparam name="T">The result's type.</typeparam>
    /// <param name="target">What the child computes.</param>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    /// <remarks>
    /// Statics start fresh in the child, what it writes to captured variables stays there, and <see cref="Console.ReadLine"/> gives null in it
    /// unless the options give it an input. Join it, or make it a daemon: at its end this process waits for a child that is neither.
    /// </remarks>
    /// <returns>The started child.</returns>
    /// <exception cref="NotSerializableException">A captured variable cannot cross; the message names it.</exception>
    public static ChildProcess<T> Start<T>(Func<T> target, string? name = null, bool? daemon = null, ChildProcessOptions? options = null) =>
        Started(new ChildProcess<T>(NotNull(target), name, daemon, options));

    /// <summary>Starts a child whose result, computed asynchronously, can be awaited.</summary>
    /// <typeparam name="T">The result's type.</typeparam>
    /// <param name="target">What the child computes.</param>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    /// <remarks>
    /// Statics start fresh in the child, what it writes to captured variables stays there, and <see cref="Console.ReadLine"/> gives null in it
    /// unless the options give it an input. Join it, or make it a daemon: at its end this process waits for a child that is neither.
    /// </remarks>
    /// <returns>The started child.</returns>
    /// <exception cref="NotSerializableException">A captured variable cannot cross; the message names it.</exception>
    public static ChildProcess<T> Start<T>(Func<Task<T>> target, string? name = null, bool? daemon = null, ChildProcessOptions? options = null) =>
        Started(new ChildProcess<T>(NotNull(target), name, daemon, options));

    private static TChild Started<TChild>(TChild child)
        where TChild : ChildProcess
    {
        child.Start();
        return child;
    }
}
