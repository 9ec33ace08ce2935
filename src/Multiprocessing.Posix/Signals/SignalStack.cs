using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>stack_t: where a thread's signal handlers run. See sigaltstack(2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SignalStack
{
    internal nint Start;
    internal int Flags;
    internal nuint Size;
}
