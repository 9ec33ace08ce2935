using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>
/// Lets the threads of this process take turns at one side of a queue: a word of this process's own memory, 0 free, 1 taken, 2 closed for ever. Everything that touches
/// the queue's memory happens inside, so that Dispose, which closes it, can unmap.
/// </summary>
/// <remarks>
/// Leaving is a plain store and a look at the number of waiters, without a fence: who starts to wait makes up for that with one in all threads of the process (membarrier(2)).
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Gate
{
    private const uint Free = 0;
    private const uint Taken = 1;
    private const uint Closed = 2;
    private const int Spins = 30;

    private uint _word;
    private int _waiters;

    /// <summary>Takes it if that needs no waiting.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryEnter(ref Gate gate) => Interlocked.CompareExchange(ref gate._word, Taken, Free) == Free;

    /// <returns>False when it is closed.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool Enter(ref Gate gate)
    {
        SpinWait spinner = default;
        for (int i = 0; i < Spins; i++)
        {
            uint seen = Interlocked.CompareExchange(ref gate._word, Taken, Free);
            if (seen != Taken)
            {
                return seen == Free;
            }

            spinner.SpinOnce(sleep1Threshold: -1);
        }

        Interlocked.Increment(ref gate._waiters);
        try
        {
            while (true)
            {
                Interlocked.MemoryBarrierProcessWide(); // who has left without seeing us, has left before this
                uint seen = Interlocked.CompareExchange(ref gate._word, Taken, Free);
                if (seen != Taken)
                {
                    return seen == Free;
                }

                Os.FutexWait(ref gate._word, Taken);
            }
        }
        finally
        {
            Interlocked.Decrement(ref gate._waiters);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exit(ref Gate gate)
    {
        Volatile.Write(ref gate._word, Free);
        if (Volatile.Read(ref gate._waiters) != 0)
        {
            WakeNext(ref gate);
        }
    }

    /// <summary>By who has taken it: nobody comes in any more.</summary>
    internal static void Close(ref Gate gate)
    {
        Volatile.Write(ref gate._word, Closed);
        Os.FutexWake(ref gate._word, int.MaxValue);
    }

    /// <summary>In a forked child, where the threads that had it or waited for it do not exist.</summary>
    internal static void Reset(ref Gate gate)
    {
        gate._waiters = 0;
        if (gate._word == Taken)
        {
            gate._word = Free;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WakeNext(ref Gate gate) => Os.FutexWake(ref gate._word);
}
