using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>CPU times of this process and its children, in steps of a clock tick, which is 10 ms. See times(2).</summary>
/// <param name="User">CPU time in user mode, of all threads.</param>
/// <param name="System">CPU time in the kernel, of all threads.</param>
/// <param name="ChildrenUser">CPU time in user mode of the children that were waited for, and of those that they waited for.</param>
/// <param name="ChildrenSystem">CPU time of those in the kernel.</param>
/// <param name="Elapsed">Real time since some moment in the past that stays the same: only a difference means something.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ProcessTimes(TimeSpan User, TimeSpan System, TimeSpan ChildrenUser, TimeSpan ChildrenSystem, TimeSpan Elapsed);
