using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>
/// How long a receiver looks again and again before it sleeps. To give up the processor once costs less than to sleep and be woken, and on
/// one shared with the sender it is all that is needed. More than that is spent only while messages come so soon that it pays: twice as much each time
/// that one came in time or soon after, half as much each time that none did.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct Spin
{
    private const int Most = 40; // of about half a microsecond each

    private static readonly long s_soon = Stopwatch.Frequency / 20_000;

    // Threads may lose each other's changes; these are only guesses.
    private int _budget;
    private int _inARow;

    /// <summary>
    /// Whether to give up the processor before the first look, which costs more than it: so it is after several messages that were not there yet, as in a
    /// conversation. Now and then it looks first all the same, to learn when that has changed.
    /// </summary>
    internal readonly bool IsTooEarly => _inARow > 0 && _inARow % 8 != 0;

    /// <summary>Gives up the processor, unless this has been done often enough.</summary>
    /// <param name="done">How often, for this message; 0 at first.</param>
    /// <returns>False: it is time to sleep.</returns>
    internal bool Next(ref int done)
    {
        if (done > _budget || Environment.ProcessorCount == 1 && done > 0)
        {
            return false;
        }

        done++;
        Thread.Yield();
        return true;
    }

    /// <summary>Learns from a first look.</summary>
    internal void LearnFirst(bool found) => _inARow = found && !IsTooEarly ? 0 : _inARow + 1;

    /// <summary>Learns from a message for which <see cref="Next"/> was asked.</summary>
    /// <param name="slept">When the sleep began; 0: there was none.</param>
    internal void Learn(long slept) => _budget = slept == 0 || Stopwatch.GetTimestamp() - slept < s_soon ? Math.Clamp(_budget * 2, 1, Most) : _budget / 2;
}
