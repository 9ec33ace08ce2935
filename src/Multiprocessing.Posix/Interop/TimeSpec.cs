using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct timespec on 64-bit systems, glibc and musl.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeSpec
{
    internal long Seconds;
    internal long Nanoseconds;

    internal readonly long ToTicks() => (Seconds * TimeSpan.TicksPerSecond) + (Nanoseconds / TimeSpan.NanosecondsPerTick);
}
