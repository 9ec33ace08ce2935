using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The fields of siginfo_t that waitid(2) and sigtimedwait(2) fill, in its 128 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct SignalInfo
{
    [FieldOffset(8)]
    internal int Code;

    [FieldOffset(16)]
    internal int Pid;

    [FieldOffset(20)]
    internal uint Uid;

    [FieldOffset(24)]
    internal int Status;

    [FieldOffset(24)]
    internal nint Value;
}
