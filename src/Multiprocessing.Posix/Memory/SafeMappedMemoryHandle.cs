using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>A mapping of mmap(2). It is unmapped by <see cref="SafeHandle.Dispose()"/>, and by nothing else.</summary>
/// <remarks>
/// There is no finalizer on purpose. A span or a reference into the mapping does not keep this object alive, so a collection could unmap what is
/// in use, and the next access would end the process. One that is dropped stays mapped until the process ends or execs. After Dispose, no span or reference into it may be used.
/// A call of <see cref="Os"/> on it that is under way delays the unmapping.
/// </remarks>
public sealed class SafeMappedMemoryHandle : SafeHandle
{
    private const int Unmapped = -1; // MAP_FAILED

    internal SafeMappedMemoryHandle(nint address, long length)
        : base(Unmapped, ownsHandle: true)
    {
        GC.SuppressFinalize(this);
        Length = length;
        SetHandle(address);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == Unmapped;

    /// <summary>How long the mapping is, in bytes, as asked for.</summary>
    public long Length { get; }

    /// <summary>Where the mapping is.</summary>
    /// <exception cref="ObjectDisposedException">It is unmapped.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <summary>All of the mapping.</summary>
    /// <returns>A span that must not be used after Dispose.</returns>
    /// <exception cref="OverflowException">It is longer than a span can be; use parts.</exception>
    /// <exception cref="ObjectDisposedException">It is unmapped.</exception>
    public Span<byte> AsSpan() => AsSpan(0, checked((int)Length));

    /// <summary>A part of the mapping.</summary>
    /// <param name="offset">Where it begins, in bytes.</param>
    /// <param name="length">How long it is, in bytes.</param>
    /// <returns>A span that must not be used after Dispose. Accessing pages beyond the end of the mapped file raises SIGBUS, which ends the process.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It is not within the mapping.</exception>
    /// <exception cref="ObjectDisposedException">It is unmapped.</exception>
    public unsafe Span<byte> AsSpan(long offset, int length)
    {
        RefuseOutside(offset, length);
        return new Span<byte>((byte*)Address + offset, length);
    }

    /// <summary>A value in the mapping, such as the word of a futex.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="offset">Where it is, in bytes.</param>
    /// <returns>A reference that must not be used after Dispose.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It is not within the mapping.</exception>
    /// <exception cref="ObjectDisposedException">It is unmapped.</exception>
    public unsafe ref T At<T>(long offset)
        where T : unmanaged
    {
        RefuseOutside(offset, sizeof(T));
        return ref Unsafe.AsRef<T>((byte*)Address + offset);
    }

    internal void RefuseOutside(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
    }

    /// <summary>Unmaps. See munmap(2).</summary>
    /// <returns>Whether the call succeeded.</returns>
    protected override bool ReleaseHandle() => Libc.munmap(handle, (nuint)Length) == 0;
}
