namespace Multiprocessing;

/// <summary>Which process this is: its name, its ID, and whether it is a daemon.</summary>
/// <param name="Name">"MainProcess" for the first process of an application, else the name given to the child.</param>
/// <param name="Pid">The process ID.</param>
/// <param name="Daemon">Whether its parent ends it instead of waiting for it.</param>
public sealed record ProcessIdentity(string Name, int Pid, bool Daemon)
{
    private static int s_children;

    internal static ProcessIdentity Current { get; private set; } = new("MainProcess", Environment.ProcessId, Daemon: false);

    internal static ProcessIdentity? Parent { get; private set; }

    /// <summary>The numbers of this process and its ancestors below the first, such as "1:2"; empty in the first.</summary>
    internal static string Lineage { get; private set; } = "";

    /// <summary>The next child's lineage. Counts every child object that is made, named or not.</summary>
    internal static string NextLineage()
    {
        int number = Interlocked.Increment(ref s_children);
        return Lineage.Length == 0 ? $"{number}" : $"{Lineage}:{number}";
    }

    /// <summary>Called once, in a child, before user code runs.</summary>
    internal static void Become(ProcessIdentity current, ProcessIdentity parent, string lineage)
    {
        Current = current;
        Parent = parent;
        Lineage = lineage;
    }

    /// <summary>After an Os.Fork, in the child.</summary>
    internal static void BecomeForkedChild()
    {
        Parent = Current with { Pid = Posix.Os.GetPpid() };
        Current = Current with { Pid = Posix.Os.GetPid() };
    }
}
