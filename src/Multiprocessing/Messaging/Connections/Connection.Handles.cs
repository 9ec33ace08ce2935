using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Multiprocessing.Posix;

namespace Multiprocessing;

public sealed partial class Connection
{
    /// <summary>Sends a descriptor of this process: a file, a socket, a pipe. The receiver gets one of its own for the same open file, as by dup(2); see SCM_RIGHTS in unix(7).</summary>
    /// <param name="handle">The handle; it stays the caller's, who may close it at once.</param>
    /// <exception cref="ArgumentException">It is not open.</exception>
    /// <exception cref="NotSupportedException">The connection goes to another machine, which has no use for it.</exception>
    /// <exception cref="PosixException">EPIPE: nobody is left to receive it; ETOOMANYREFS: this user has more descriptors under way than a process may open.</exception>
    /// <exception cref="InvalidOperationException">This end can only receive.</exception>
    /// <exception cref="ObjectDisposedException">The connection or the handle is closed.</exception>
    public void SendHandle(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        RefuseUnlessSending();
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            if (handle.IsInvalid)
            {
                throw new ArgumentException("The handle is not open.", nameof(handle));
            }

            using SafeDescriptorHandle descriptor = new((int)handle.DangerousGetHandle(), ownsHandle: false);
            SendNow(MessageKind.Handle, [], [descriptor]);
        }
        finally
        {
            if (added)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>Receives a descriptor. Waits until there is a message.</summary>
    /// <returns>A descriptor of this process for the open file that was sent, close-on-exec. For a socket: <c>new Socket(new SafeSocketHandle(handle.DangerousGetHandle(), true))</c> after <c>handle.SetHandleAsInvalid()</c>.</returns>
    /// <exception cref="EndOfStreamException">Everything is received, and nobody is left to send more.</exception>
    /// <exception cref="InvalidDataException">The message is none of SendHandle, or this process may not open more descriptors. It is lost; the next can be received.</exception>
    /// <exception cref="InvalidOperationException">This end can only send.</exception>
    /// <exception cref="ObjectDisposedException">It is closed, or another thread closed it meanwhile.</exception>
    public SafeFileHandle ReceiveHandle()
    {
        using Incoming message = ReceiveNow();
        Expect(MessageKind.Handle, message);
        using SafeDescriptorHandle descriptor = message.Descriptors?.Take() ?? throw new InvalidDataException("A message that should bring a descriptor came without one. It is lost; the next can be received.");
        SafeFileHandle handle = new(descriptor.Number, ownsHandle: true);
        descriptor.SetHandleAsInvalid();
        return handle;
    }
}
