using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct timeval on 64-bit systems, glibc and musl.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeVal
{
    internal long Seconds;
    internal long Microseconds;

    internal readonly TimeSpan ToTimeSpan() => new((Seconds * TimeSpan.TicksPerSecond) + (Microseconds * TimeSpan.TicksPerMicrosecond));
}

/// <summary>struct rusage. musl reserves sixteen longs behind what the kernel writes, so they are reserved here too.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RUsage
{
    internal TimeVal UserTime;
    internal TimeVal SystemTime;
    internal long MaxResidentKibibytes;
    internal long SharedSize;
    internal long DataSize;
    internal long StackSize;
    internal long MinorFaults;
    internal long MajorFaults;
    internal long Swaps;
    internal long BlocksIn;
    internal long BlocksOut;
    internal long MessagesSent;
    internal long MessagesReceived;
    internal long SignalsReceived;
    internal long VoluntarySwitches;
    internal long InvoluntarySwitches;
    internal Reserved16 Reserved;

    internal readonly ResourceUsage ToUsage() => new(
        UserTime.ToTimeSpan(),
        SystemTime.ToTimeSpan(),
        MaxResidentKibibytes * 1024,
        MinorFaults,
        MajorFaults,
        VoluntarySwitches,
        InvoluntarySwitches);

    [InlineArray(16)]
    internal struct Reserved16
    {
        private long _first;
    }
}
