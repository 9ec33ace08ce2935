using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>One wait for several things: what each of them adds to the descriptors, and which are ready.</summary>
internal sealed class WaitForAny : IDisposable
{
    private readonly Entry[] _entries;
    private int _begun;

    internal WaitForAny(IReadOnlyList<object> waitables)
    {
        _entries = new Entry[waitables.Count];
        try
        {
            foreach (object item in waitables)
            {
                int first = Set.Count;
                IWaitable? waitable = Add(item);
                _entries[_begun++] = new Entry(item, waitable, first, Set.Count - first);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal WaitSet Set { get; } = new();

    /// <returns>What is ready; nothing also when something else ended the poll.</returns>
    internal List<object> Look(TimeSpan? timeout)
    {
        bool atOnce = Array.Exists(_entries, entry => entry.Waitable?.IsReady(fired: false) == true);
        Set.Poll(atOnce ? TimeSpan.Zero : timeout);
        List<object> ready = [];
        foreach (Entry entry in _entries)
        {
            PollEvents seen = Set.Seen(entry.First, entry.Count);
            if (entry.Waitable?.IsReady(seen != PollEvents.None) ?? seen != PollEvents.None)
            {
                ready.Add(entry.Item);
            }
        }

        return ready;
    }

    public void Dispose()
    {
        while (_begun > 0)
        {
            _entries[--_begun].Waitable?.EndWait();
        }

        Set.Dispose();
    }

    private IWaitable? Add(object item)
    {
        switch (item)
        {
            case IWaitable waitable:
                waitable.BeginWait(Set);
                return waitable;
            case ChildProcess child:
                Set.Add(child.Sentinel);
                break;
            case Socket socket:
                Set.Add(socket.SafeHandle);
                break;
            case SafeHandle handle and not (SafeWaitHandle or SafeProcessHandle):
                AddBare(handle);
                break;
            case null:
                throw Refusal("One of what is to be waited for is null.");
            default:
                throw Refusal(
                    $"{TypeNames.Article(item.GetType())} cannot be waited for together with descriptors. What can: a Connection, a ConnectionListener, a ChildProcess or its Sentinel, a Socket, a SafeHandle of a descriptor.");
        }

        return null;
    }

    private void AddBare(SafeHandle handle)
    {
        Set.Add(handle); // first, so that it stays open
        nint number = handle.DangerousGetHandle();
        if (number is < 0 or > int.MaxValue)
        {
            throw Refusal($"{TypeNames.Article(handle.GetType())} holds no descriptor ({number}), so it cannot be waited for.");
        }

        // The kernel's own word; poll(2) would say of a plain file that it is always ready.
        using SafeDescriptorHandle epoll = Os.EpollCreate();
        using SafeDescriptorHandle borrowed = new((int)number, ownsHandle: false);
        try
        {
            Os.EpollAdd(epoll, borrowed, PollEvents.Readable, 0);
        }
        catch (PosixException exception) when (exception.Errno is Errno.EPERM or Errno.EBADF)
        {
            throw Refusal(
                exception.Errno == Errno.EPERM ? $"Descriptor {number} is a plain file or a folder, which is always ready and cannot be waited for." : $"Descriptor {number} is not open.",
                exception);
        }
    }

    // The list is an argument of whoever called.
#pragma warning disable CA2208, MA0015
    private static ArgumentException Refusal(string reason, Exception? inner = null) => new(reason, "waitables", inner);
#pragma warning restore CA2208, MA0015

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Entry(object Item, IWaitable? Waitable, int First, int Count);
}
