using Multiprocessing.Posix;

namespace Compare;

/// <summary>
/// Where the processes of a benchmark run. A round trip between sleepers costs about ten times as much where each wake-up must rouse another, idle
/// processor as where both share one; left alone, the scheduler decides anew in each run.
/// </summary>
internal static class Placement
{
    private static readonly int[] s_allowed = [.. Os.GetAffinity()];

    internal static bool HasTwoProcessors => s_allowed.Length > 1;

    /// <summary>Which processor the n-th process gets, the measuring one being the first (0): they are dealt out in turn, as in limits.c.</summary>
    internal static int Processor(int process) => s_allowed[process % s_allowed.Length];

    /// <inheritdoc cref="Processor(int)"/>
    /// <returns>Null where the scheduler is to decide.</returns>
    internal static int? Processor(Place place, int process) => place switch
    {
        Place.Any => null,
        Place.OneProcessor => Processor(0),
        _ => Processor(process),
    };

    /// <summary>Keeps the calling thread on a processor.</summary>
    internal static void Stay(int? processor)
    {
        if (processor is { } number)
        {
            Os.SetAffinity(0, [number]);
        }
    }

    /// <summary>Lets the calling thread run where this program may.</summary>
    internal static void Roam() => Os.SetAffinity(0, s_allowed);
}

/// <summary>Where the two processes of a round trip run.</summary>
internal enum Place
{
    /// <summary>Where the scheduler likes.</summary>
    Any,

    OneProcessor,
    TwoProcessors,
}
