namespace Multiprocessing.Posix;

/// <summary>A wait for any child that sleeps beside a helper of the library, until a child that concerns it may have something to report.</summary>
/// <remarks>
/// waitid(2) would not do: it goes on sleeping for the helper's sake when the last other child is taken by somebody else before it looks, or is nobody's to take because
/// SIGCHLD is ignored. So it sleeps on the children's pidfds, which tell of the end whoever takes it, and on a bell for those that are started meanwhile.
/// </remarks>
internal sealed class BlockedWait : IDisposable
{
    private static readonly List<BlockedWait> s_all = [];
    private static int s_count;

    private readonly SafeDescriptorHandle _bell = Os.EventFd();

    internal BlockedWait()
    {
        lock (s_all)
        {
            s_all.Add(this);
            s_count = s_all.Count;
        }
    }

    /// <summary>A child has been started; who waits for any has to look again.</summary>
    internal static void Ring()
    {
        if (Volatile.Read(ref s_count) == 0)
        {
            return;
        }

        lock (s_all)
        {
            foreach (BlockedWait wait in s_all)
            {
                Os.EventFdWrite(wait._bell, 1);
            }
        }
    }

    /// <summary>Sleeps until one of the children has ended, or another was started.</summary>
    internal void Sleep(List<int> children)
    {
        List<SafeDescriptorHandle> processes = [];
        try
        {
            PollDescriptor[] ends = new PollDescriptor[children.Count + 1];
            for (int i = 0; i < children.Count; i++)
            {
                processes.Add(Os.PidFdOpen(children[i]));
                ends[i] = new PollDescriptor(processes[i].Number, PollEvents.Readable);
            }

            ends[^1] = new PollDescriptor(_bell.Number, PollEvents.Readable);
            Os.Poll(ends);
        }
        catch (PosixException gone) when (gone.Errno == Errno.ESRCH)
        {
            // It was taken meanwhile: look again.
        }
        finally
        {
            processes.ForEach(process => process.Dispose());
        }
    }

    public void Dispose()
    {
        lock (s_all)
        {
            s_all.Remove(this);
            s_count = s_all.Count;
        }

        _bell.Dispose();
    }
}
