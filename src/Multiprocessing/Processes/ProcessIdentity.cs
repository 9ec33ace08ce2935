using System.Text;

namespace Multiprocessing;

/// <summary>Which process this is, or started this one: its name, its ID, and whether it is a daemon.</summary>
/// <param name="Name">"MainProcess" for the first process of an application, else the name given to the child.</param>
/// <param name="Pid">The process ID.</param>
/// <param name="Daemon">Whether its parent ends it instead of waiting for it; always false for a parent, of which it is not known.</param>
public sealed record ProcessIdentity(string Name, int Pid, bool Daemon)
{
    private const int KeyLength = 32;

    private static readonly Lock s_gate = new();
    private static int s_children;
    private static byte[]? s_authKey; // made when first asked for; a child has its parent's

    /// <summary>
    /// What the processes of this application know and others do not: with it they prove to each other who they are. 32 random bytes in the first process,
    /// unless set; a child starts with what its parent has at that moment. There is one a process, whichever identity it is read from.
    /// </summary>
    /// <value>A copy of the key.</value>
    /// <exception cref="ArgumentException">It is set to nothing.</exception>
#pragma warning disable CA1822 // of an object, because identities of other processes may come to have keys of their own
    public byte[] AuthKey
    {
        get => [.. CurrentKey];
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.Length == 0)
            {
                throw new ArgumentException("An authentication key needs at least one byte.", nameof(value));
            }

            lock (s_gate)
            {
                s_authKey = [.. value];
            }
        }
    }
#pragma warning restore CA1822

    /// <summary>Whether the process runs. This one does; of the parent the kernel is asked.</summary>
    /// <exception cref="InvalidOperationException">It is neither this process nor its parent.</exception>
    public bool IsAlive => Pid == Current.Pid || (IsParent ? !ParentWatch.HasEnded : throw new InvalidOperationException($"'{Name}' (pid {Pid}) is neither this process nor its parent; ask a child's ChildProcess."));

    internal static ProcessIdentity Current { get; private set; } = new("MainProcess", Environment.ProcessId, Daemon: false);

    internal static ProcessIdentity? Parent { get; private set; }

    /// <summary>The numbers of this process and its ancestors below the first, such as "1:2"; empty in the first.</summary>
    internal static string Lineage { get; private set; } = "";

    internal static byte[] CurrentKey
    {
        get
        {
            lock (s_gate)
            {
                return s_authKey ??= NewKey();
            }
        }
    }

    private bool IsParent => Parent is { } parent && parent.Pid == Pid;

    /// <summary>Waits for the end of the parent, in its child. A parent that ends takes its children along unless <see cref="ChildProcessOptions.KillOnParentExit"/> was false.</summary>
    /// <param name="timeout">How long; null or <see cref="Timeout.InfiniteTimeSpan"/>: for ever; zero: not at all.</param>
    /// <returns>False when the time ran out.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="InvalidOperationException">It is not the parent of this process.</exception>
    public bool WaitForExit(TimeSpan? timeout = null)
    {
        TimeSpan? limit = timeout == Timeout.InfiniteTimeSpan ? null : timeout;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit ?? TimeSpan.Zero, TimeSpan.Zero, nameof(timeout));
        return IsParent ? ParentWatch.Wait(limit) : throw new InvalidOperationException($"'{Name}' (pid {Pid}) is not the parent of this process; wait for a child by its ChildProcess.");
    }

    /// <summary>The next child's lineage. Counts every child object that is made, named or not.</summary>
    internal static string NextLineage()
    {
        int number = Interlocked.Increment(ref s_children);
        return Lineage.Length == 0 ? $"{number}" : $"{Lineage}:{number}";
    }

    /// <summary>Called once, in a child, before user code runs.</summary>
    internal static void Become(ProcessIdentity current, ProcessIdentity parent, string lineage, byte[] authKey)
    {
        Current = current;
        Parent = parent;
        Lineage = lineage;
        s_authKey = authKey;
    }

    /// <summary>After an Os.Fork, in the child.</summary>
    internal static void BecomeForkedChild()
    {
        Parent = Current with { Pid = Posix.Os.GetPpid() };
        Current = Current with { Pid = Posix.Os.GetPid() };
        ParentWatch.ForgetInForkedChild();
    }

    private static byte[] NewKey()
    {
        byte[] key = new byte[KeyLength];
        Posix.Os.GetRandom(key);
        return key;
    }

    /// <summary>For <see cref="object.ToString"/>: what a record prints by itself would have the key, and ask the kernel.</summary>
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(System.Globalization.CultureInfo.InvariantCulture, $"{nameof(Name)} = {Name}, {nameof(Pid)} = {Pid}, {nameof(Daemon)} = {Daemon}");
        return true;
    }
}
