using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>A limit, in the resource's own unit. Null means unlimited. See setrlimit(2).</summary>
/// <param name="Soft">What the kernel enforces.</param>
/// <param name="Hard">How far the process may raise the soft one.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ResourceLimit(long? Soft, long? Hard);
