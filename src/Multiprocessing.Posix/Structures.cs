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

/// <summary>The fields of siginfo_t that waitid(2) fills, in its 128 bytes.</summary>
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
}

/// <summary>sigset_t: 1,024 bits in both C libraries, of which the kernel uses 64.</summary>
[InlineArray(16)]
internal struct SignalSet
{
    private ulong _first;

    internal static SignalSet Of(IReadOnlyCollection<Signal> signals)
    {
        SignalSet set = default;
        foreach (Signal signal in signals)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(signal.Number, 1, nameof(signals));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(signal.Number, 64, nameof(signals));
            set[0] |= 1UL << (signal.Number - 1);
        }

        return set;
    }
}

/// <summary>One descriptor to poll: struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollDescriptor
{
    /// <summary>Asks for events of a descriptor.</summary>
    /// <param name="descriptor">The descriptor's number; a negative one is passed over.</param>
    /// <param name="events">What to wait for.</param>
    public PollDescriptor(int descriptor, PollEvents events)
    {
        Descriptor = descriptor;
        Events = events;
        Returned = PollEvents.None;
    }

    /// <summary>The descriptor's number; a negative one is passed over.</summary>
    public int Descriptor { get; }

    /// <summary>What to wait for.</summary>
    public PollEvents Events { get; }

    /// <summary>What has happened; filled by the call.</summary>
    public PollEvents Returned { get; }
}

/// <summary>Events of poll(2), with the system's values; the same bits serve epoll(7).</summary>
[Flags]
public enum PollEvents : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>POLLIN: there is something to read, or the end of the stream.</summary>
    Readable = 1,

    /// <summary>POLLPRI: an exceptional condition.</summary>
    Priority = 2,

    /// <summary>POLLOUT: writing would not block.</summary>
    Writable = 4,

    /// <summary>POLLERR: an error, or the reader of a pipe is gone. Always reported.</summary>
    Error = 8,

    /// <summary>POLLHUP: the other end was closed. Always reported.</summary>
    HangUp = 16,

    /// <summary>POLLNVAL: the descriptor is not open. Always reported.</summary>
    Invalid = 32,
}
