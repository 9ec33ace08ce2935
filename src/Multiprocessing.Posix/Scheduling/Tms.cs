using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct tms on 64-bit systems, glibc and musl: clock ticks.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Tms
{
    internal long User;
    internal long System;
    internal long ChildrenUser;
    internal long ChildrenSystem;
}
