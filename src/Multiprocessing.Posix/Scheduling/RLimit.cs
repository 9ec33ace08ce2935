using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct rlimit on 64-bit systems, glibc and musl.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RLimit
{
    private const ulong Infinity = ulong.MaxValue; // RLIM_INFINITY

    internal ulong Soft;
    internal ulong Hard;

    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    internal static RLimit From(ResourceLimit limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit.Soft ?? 0, nameof(limit));
        ArgumentOutOfRangeException.ThrowIfNegative(limit.Hard ?? 0, nameof(limit));
        return new RLimit { Soft = (ulong?)limit.Soft ?? Infinity, Hard = (ulong?)limit.Hard ?? Infinity };
    }

    internal readonly ResourceLimit ToLimit() => new(ToNumber(Soft), ToNumber(Hard));

    // Above long's range, yet not infinite: no resource has so much, and the greatest long says as much.
    private static long? ToNumber(ulong value) => value == Infinity ? null : (long)Math.Min(value, long.MaxValue);
}
