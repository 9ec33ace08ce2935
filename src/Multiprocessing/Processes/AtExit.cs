namespace Multiprocessing;

/// <summary>
/// Handlers that run when the process ends in order: by returning from Main or from a child's target, by <see cref="ProcessExit.Exit"/>, by
/// <see cref="Environment.Exit"/>, and in a child also after an exception. Not on a signal, not on <c>Os._Exit</c>, not on an exception in the first process, which is .NET's own end.
/// </summary>
/// <remarks>
/// The one registered last runs first. They run before the children of this process are joined or ended, on the thread that ends the process.
/// When one throws, the others run all the same; then the exception is an uncaught one: in the first process .NET's own end, in a child a report and exit code 1.
/// A handler may set the exit code by <see cref="ProcessExit.Exit"/>; <see cref="Environment.Exit"/> in a handler waits for ever, as in every handler of <see cref="AppDomain.ProcessExit"/>.
/// A child starts without its parent's handlers, unless it is made by <c>Os.Fork</c>. Safe from any thread.
/// </remarks>
public static class AtExit
{
    private static readonly Lock s_gate = new();
    private static List<(Delegate Handler, Action Call)>? s_handlers; // made with the first: most processes have none

    /// <summary>Registers a handler; one registered twice runs twice.</summary>
    /// <param name="handler">What to call.</param>
    public static void Register(Action handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Add(handler, handler);
    }

    /// <summary>Registers a handler with the argument that it is to be called with.</summary>
    /// <typeparam name="T">The argument's type.</typeparam>
    /// <param name="handler">What to call.</param>
    /// <param name="argument">Its argument, as it is now.</param>
    public static void Register<T>(Action<T> handler, T argument)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Add(handler, () => handler(argument));
    }

    /// <summary>Registers a handler with the arguments that it is to be called with.</summary>
    /// <typeparam name="T1">The first argument's type.</typeparam>
    /// <typeparam name="T2">The second argument's type.</typeparam>
    /// <param name="handler">What to call.</param>
    /// <param name="argument1">Its first argument, as it is now.</param>
    /// <param name="argument2">Its second argument, as it is now.</param>
    public static void Register<T1, T2>(Action<T1, T2> handler, T1 argument1, T2 argument2)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Add(handler, () => handler(argument1, argument2));
    }

    /// <summary>Removes every registration of a handler, whatever its arguments; also from within a handler.</summary>
    /// <param name="handler">The handler; delegates of the same method and object are the same.</param>
    /// <returns>Whether there was one.</returns>
    public static bool Unregister(Delegate handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (s_gate)
        {
            return s_handlers?.RemoveAll(registered => registered.Handler.Equals(handler)) > 0;
        }
    }

    /// <summary>Runs the handlers, each once however often this is called, and those that they register.</summary>
    /// <exception cref="Exception">What a handler threw; an <see cref="AggregateException"/> of all when several did.</exception>
    internal static void Run()
    {
        if (s_handlers is null)
        {
            return;
        }

        List<Exception> failures = [];
        while (TakeLast() is { } call)
        {
            try
            {
                call();
            }
            catch (Exception failure)
            {
                failures.Add(failure); // thrown below, when the others have run
            }
        }

        // A failure outweighs a request to exit.
        List<Exception> faults = failures.FindAll(failure => failure is not ProcessExitException);
        if (failures.Count > 0)
        {
            throw faults.Count > 1 ? new AggregateException("Several exit handlers failed.", faults) : faults.Count == 1 ? faults[0] : failures[^1];
        }
    }

    private static void Add(Delegate handler, Action call)
    {
        Leaving.Observe();
        lock (s_gate)
        {
            (s_handlers ??= []).Add((handler, call));
        }
    }

    private static Action? TakeLast()
    {
        lock (s_gate)
        {
            if (s_handlers is not { Count: > 0 })
            {
                return null;
            }

            Action call = s_handlers[^1].Call;
            s_handlers.RemoveAt(s_handlers.Count - 1);
            return call;
        }
    }
}
