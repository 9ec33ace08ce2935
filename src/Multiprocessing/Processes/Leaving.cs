namespace Multiprocessing;

/// <summary>What this process does when it ends in order: first the user's exit handlers, then what becomes of its children.</summary>
internal static class Leaving
{
    private static int s_observed;

    /// <summary>From now on the end of this process is attended to.</summary>
    internal static void Observe()
    {
        if (Interlocked.Exchange(ref s_observed, 1) == 0)
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Leave();
            Posix.Os.RegisterAtFork(afterInChild: BecomeForkedChild);
        }
    }

    private static void Leave()
    {
        try
        {
            AtExit.Run();
        }
        catch (ProcessExitException exit)
        {
            Environment.ExitCode = exit.ExitCode;
        }
        finally
        {
            Children.Leave();
        }
    }

    private static void BecomeForkedChild()
    {
        Children.Abandon();
        ProcessIdentity.BecomeForkedChild();
    }
}
