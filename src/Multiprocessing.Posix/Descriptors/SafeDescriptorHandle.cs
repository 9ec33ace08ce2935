using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>A file descriptor that this process owns; closed when disposed or collected.</summary>
/// <remarks>Every descriptor that <see cref="Os"/> makes is close-on-exec from birth.</remarks>
public sealed class SafeDescriptorHandle : SafeHandle
{
    /// <summary>An empty handle, for the marshaller.</summary>
    public SafeDescriptorHandle()
        : base(-1, ownsHandle: true)
    {
    }

    /// <summary>Wraps a descriptor.</summary>
    /// <param name="descriptor">An open descriptor, or -1.</param>
    /// <param name="ownsHandle">Whether disposing closes it.</param>
    public SafeDescriptorHandle(int descriptor, bool ownsHandle = true)
        : base(-1, ownsHandle) => SetHandle(descriptor);

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>The descriptor's number, for messages and for /proc.</summary>
    public int Number => (int)handle;

    /// <summary>Closes the descriptor. See close(2): on Linux it is closed even where the call fails, so it is never tried again.</summary>
    /// <returns>Whether the call succeeded.</returns>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
