using System.Runtime.InteropServices;

namespace Multiprocessing.Posix.Tests;

/// <summary>Keeps this thread, or a process, on one processor.</summary>
internal sealed partial class ProcessorPin : IDisposable
{
    private readonly ulong[] _before = new ulong[16];

    internal ProcessorPin(int processor)
    {
        Assert.True(sched_getaffinity(0, 128, _before) >= 0);
        Pin(0, processor);
    }

    internal static int[] Available
    {
        get
        {
            ulong[] mask = new ulong[16];
            Assert.True(sched_getaffinity(0, 128, mask) >= 0);
            return [.. Enumerable.Range(0, 1024).Where(p => (mask[p / 64] & (1UL << (p % 64))) != 0)];
        }
    }

    internal static void Pin(int process, int processor)
    {
        ulong[] mask = new ulong[16];
        mask[processor / 64] = 1UL << (processor % 64);
        Assert.Equal(0, sched_setaffinity(process, 128, mask));
    }

    public void Dispose() => Assert.Equal(0, sched_setaffinity(0, 128, _before));

    [LibraryImport("libc")]
    private static partial int sched_getaffinity(int pid, nuint size, ulong[] mask);

    [LibraryImport("libc")]
    private static partial int sched_setaffinity(int pid, nuint size, ulong[] mask);
}
