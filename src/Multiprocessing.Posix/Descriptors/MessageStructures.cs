using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    internal void* Start;
    internal nuint Length;
}

/// <summary>struct msghdr as the kernel and glibc have it.</summary>
/// <remarks>
/// musl declares the two lengths as POSIX does, 32 bits wide, with padding beside them that makes 64. On little-endian machines, which all of .NET's
/// 64-bit Linux ports but s390x are, a small number in 64 bits is the same bytes as the 32 bits and a padding of 0; so one layout serves both.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    internal void* Name;
    internal uint NameLength;
    internal IoVector* Vectors;
    internal nuint VectorCount;
    internal void* Control;
    internal nuint ControlLength;
    internal int Flags;
}

/// <summary>struct cmsghdr as the kernel and glibc have it; musl's length is padded as in <see cref="MessageHeader"/>. The data follows, aligned to 8.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ControlHeader
{
    internal nuint Length;
    internal int Level;
    internal int Type;

    /// <summary>CMSG_ALIGN.</summary>
    internal static int Align(int length) => (length + sizeof(long) - 1) & ~(sizeof(long) - 1);

    /// <summary>CMSG_LEN.</summary>
    internal static unsafe int LengthOf(int data) => sizeof(ControlHeader) + data;

    /// <summary>CMSG_SPACE.</summary>
    internal static unsafe int SpaceOf(int data) => sizeof(ControlHeader) + Align(data);
}
