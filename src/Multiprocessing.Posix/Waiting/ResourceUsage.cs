using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>What a process has used. See getrusage(2).</summary>
/// <param name="UserTime">CPU time in user mode.</param>
/// <param name="SystemTime">CPU time in the kernel.</param>
/// <param name="MaxResidentBytes">The greatest resident set so far, in bytes.</param>
/// <param name="MinorFaults">Page faults without input or output.</param>
/// <param name="MajorFaults">Page faults that had to read.</param>
/// <param name="VoluntarySwitches">Context switches because the process waited for something.</param>
/// <param name="InvoluntarySwitches">Context switches because its time was up.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ResourceUsage(
    TimeSpan UserTime,
    TimeSpan SystemTime,
    long MaxResidentBytes,
    long MinorFaults,
    long MajorFaults,
    long VoluntarySwitches,
    long InvoluntarySwitches);
