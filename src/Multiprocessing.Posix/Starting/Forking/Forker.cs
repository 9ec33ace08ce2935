namespace Multiprocessing.Posix;

/// <summary>The fork itself, and what the child has to put right before its own code goes on.</summary>
internal static class Forker
{
    private const int CloneOnX64 = 56;
    private const int CLONE_CHILD_CLEARTID = 0x00200000;
    private const int CLONE_CHILD_SETTID = 0x01000000;
    private const int FailedChild = 255;

    /// <returns>0 in the child.</returns>
    internal static int Fork()
    {
        InheritedMappings.Keep();
        SignalHandlers.Hold();
        try
        {
            FinalizerThread.Hold();
            try
            {
                return CloneAndPutRight();
            }
            finally
            {
                FinalizerThread.LetGo();
            }
        }
        finally
        {
            SignalHandlers.LetGo();
        }
    }

    private static int CloneAndPutRight()
    {
        // No signal reaches the child before its handlers are its own.
        SignalSet mask = Os.SetSignalMask(SignalSet.All);
        try
        {
            nint robustList = RobustList.Head;
            int pid = Clone();
            if (pid == 0)
            {
                RobustList.Head = robustList;
                PutRight(mask);
            }

            return pid;
        }
        finally
        {
            Os.SetSignalMask(mask);
        }
    }

    /// <summary>clone(2) as fork(2) uses it, past the C library: see <see cref="FinalizerThread"/>.</summary>
    private static unsafe int Clone()
    {
        nint pid = Libc.syscall(CloneOnX64, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | Signal.Chld.Number, 0, 0, (nint)Os.FindThreadIdAddress(), 0);
        return pid >= 0 ? (int)pid : throw PosixException.Last("fork");
    }

    /// <summary>A child that cannot be put right must not go on: it would be taken for a sound one.</summary>
    private static void PutRight(SignalSet mask)
    {
        try
        {
            RuntimePipes.Cut();
            SignalHandlers.ResetInForkedChild();
            FinalizerThread.Resurrect(mask);
            ReapedChildren.ForgetAllInForkedChild();
            CachedProcessId.Forget();
            Os.SetSignalMask(mask);
            SignalHandlers.RestartInForkedChild(); // its thread inherits the mask
        }
        catch
        {
            Os._Exit(FailedChild);
        }
    }
}
