using System.Runtime.CompilerServices;

namespace Multiprocessing.Posix;

/// <summary>sigset_t: 1,024 bits in both C libraries, of which the kernel uses 64.</summary>
[InlineArray(16)]
internal struct SignalSet
{
    private ulong _first;

    internal static SignalSet All
    {
        get
        {
            SignalSet all = default;
            all[0] = ulong.MaxValue;
            return all;
        }
    }

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

    internal void Remove(Signal signal) => this[0] &= ~(1UL << (signal.Number - 1));

    internal readonly IReadOnlySet<Signal> ToSet()
    {
        HashSet<Signal> signals = [];
        for (int number = 1; number <= Signal.Last; number++)
        {
            if ((this[0] & (1UL << (number - 1))) != 0)
            {
                signals.Add(new Signal(number));
            }
        }

        return signals;
    }
}
