namespace Multiprocessing;

/// <summary>What a child had used when its options were applied and its work was about to begin.</summary>
/// <param name="Peak">The greatest resident set of its program, in bytes.</param>
/// <param name="ToldPeak">The same as the kernel will tell it of the process, which has its parent's peak in it.</param>
/// <param name="CpuTime">The CPU time.</param>
internal sealed record StartUsage(long Peak, long ToldPeak, TimeSpan CpuTime)
{
    internal const int Length = 3 * sizeof(long);

    internal static StartUsage Read(ReadOnlySpan<byte> content)
    {
        WireReader reader = new(content);
        return new StartUsage(reader.Unmanaged<long>(), reader.Unmanaged<long>(), new TimeSpan(reader.Unmanaged<long>()));
    }

    internal void Write(WireWriter writer)
    {
        writer.Unmanaged(Peak);
        writer.Unmanaged(ToldPeak);
        writer.Unmanaged(CpuTime.Ticks);
    }
}
