using System.Diagnostics;

namespace Multiprocessing.Soak;

/// <summary>Tells how far a run is, once a second, and how fast it was.</summary>
internal sealed class Progress(string what, int count, int seed)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _told = Stopwatch.GetTimestamp();

    internal void Report(int done)
    {
        if (done < count && Stopwatch.GetElapsedTime(_told) < TimeSpan.FromSeconds(1))
        {
            return;
        }

        _told = Stopwatch.GetTimestamp();
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        Console.WriteLine($"{what}: {done} of {count}, {seconds:F1} s, {seconds * 1000 / done:F2} ms each, seed {seed}");
    }
}
