using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The numbers of /proc/PID/schedstat, of a thread.</summary>
/// <param name="Nanoseconds">Time on a processor. The kernel brings it up to date at each tick of its timer and when the thread leaves the processor.</param>
/// <param name="Turns">How often it was given a processor.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SchedStat(long Nanoseconds, long Turns)
{
    /// <returns>Null where the text is not of that form: the kernel does not count.</returns>
    internal static SchedStat? Parse(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> line = text.TrimEnd((byte)'\n');
        int first = line.IndexOf((byte)' ');
        int last = line.LastIndexOf((byte)' ');
        return first > 0
            && long.TryParse(line[..first], NumberStyles.None, CultureInfo.InvariantCulture, out long nanoseconds)
            && long.TryParse(line[(last + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long turns)
            ? new SchedStat(nanoseconds, turns)
            : null;
    }
}
