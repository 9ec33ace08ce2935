using System.Diagnostics.CodeAnalysis;

namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>Makes a copy of this process. See fork(2). Both go on from this call, each with its own memory, at the same addresses.</summary>
    /// <returns>0 in the child, the child's process ID in the parent.</returns>
    /// <remarks>
    /// <para>A .NET process can be forked only when it was started for it, by <see cref="RestartForkable"/>, and only on its main thread, while it has no threads but those of the
    /// runtime that the child can do without or gets anew. All that is checked first: forking any other way kills the parent.</para>
    /// <para>The child is a whole .NET process: collections, finalizers, tasks, timers, threads and processes of its own work. It ends like any other: by returning from Main, by
    /// <see cref="Environment.Exit"/>, an uncaught exception, <see cref="_Exit"/> or a signal. It has the handlers of <see cref="Handle"/>, while SIGINT, SIGQUIT and SIGTERM have
    /// their default action again. Descriptors are shared, as POSIX has it.</para>
    /// <para>What the child has from its parent: the state of every object, Random.Shared's included, so that both draw the same numbers from it. Views of a MemoryMappedFile are
    /// inherited, too. Handlers of pthread_atfork(3) are not called.</para>
    /// <para>Call it from any code on the main thread but a finalizer or a handler of a signal.</para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">This process cannot be forked now; the message says what is missing. Nothing has happened.</exception>
    /// <exception cref="PosixException">EAGAIN: too many processes; ENOMEM.</exception>
    public static int Fork()
    {
        if (!ForkReadiness.IsReady(wait: true, out string? reason))
        {
            throw new InvalidOperationException($"This process cannot be forked: {reason}");
        }

        int pid;
        try
        {
            ForkHooks.Before();
            pid = Forker.Fork();
        }
        catch
        {
            ForkHooks.InParent(); // those whose other half has been called
            throw;
        }

        if (pid == 0)
        {
            ForkHooks.InChild();
        }
        else
        {
            BlockedWait.Ring();
            ForkHooks.InParent();
        }

        return pid;
    }

    /// <summary>Whether <see cref="Fork"/> would work now.</summary>
    /// <param name="reason">What is missing, when it would not.</param>
    /// <returns>True when it would.</returns>
    public static bool CanFork([NotNullWhen(false)] out string? reason) => ForkReadiness.IsReady(wait: false, out reason);

    /// <summary>Executes this program again, with the settings of the runtime that <see cref="Fork"/> needs; in the program so started it returns at once.</summary>
    /// <remarks>
    /// <para>Call it first thing in Main: what comes before it is done twice. The process keeps its ID, its arguments and its environment. Where the program can never be forked
    /// (<see cref="CanFork"/> says why) it returns without having done anything.</para>
    /// <para>The settings: no just-in-time recompilation, no concurrent or server collection, no debugger transport or diagnostics port, code memory both
    /// writable and executable. They make the program a little slower, and are for it alone: they are gone from the environment when this returns.
    /// Console.In, Out and Error read and write descriptors 0 to 2 directly in it, since the console's own would start a thread that stays.</para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">This process is a child of the library: it has no Main of its own to be started again.</exception>
    /// <exception cref="PosixException">The program could not be executed again; the process goes on.</exception>
    public static void RestartForkable() => ForkableRestart.Run();

    /// <summary>Has functions called around each <see cref="Fork"/>, as pthread_atfork(3) does for native code.</summary>
    /// <param name="before">Called in the parent before the fork; the one registered last is called first.</param>
    /// <param name="afterInParent">Called in the parent after it, in the order of registration.</param>
    /// <param name="afterInChild">Called in the child after it, in the order of registration.</param>
    /// <remarks>An exception from <paramref name="before"/> cancels the fork; one from the others comes out of <see cref="Fork"/>, when the others have been called.</remarks>
    public static void RegisterAtFork(Action? before = null, Action? afterInParent = null, Action? afterInChild = null) => ForkHooks.Add(before, afterInParent, afterInChild);
}
