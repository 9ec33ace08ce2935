using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>What a thread sleeps on: the words, with the values that they must still have, and one of its own by which it alone can be woken.</summary>
internal sealed unsafe class SleepPlace
{
    private const int MaximumWords = 128; // of futex_waitv(2)

    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lookAgainForPoke = TimeSpan.FromMilliseconds(50);

    [ThreadStatic]
    private static SleepPlace? s_ofThisThread;

    private static bool s_hasNoWaitV;

    private readonly uint[] _poke = GC.AllocateArray<uint>(1, pinned: true);
    private readonly FutexWaiter[] _words = new FutexWaiter[MaximumWords];
    private uint* _main;
    private uint _mainExpected;
    private int _count;
    private bool _isIncomplete;

    internal static SleepPlace OfThisThread => s_ofThisThread ??= new SleepPlace();

    /// <summary>Wakes this thread only, or keeps it from sleeping.</summary>
    internal void Poke()
    {
        Volatile.Write(ref _poke[0], 1);
        Os.FutexWake(ref _poke[0]);
    }

    internal void Unpoke() => Volatile.Write(ref _poke[0], 0);

    internal void Clear()
    {
        fixed (uint* poke = _poke) // it is pinned for good
        {
            _words[0] = new FutexWaiter(poke, 0);
        }

        _count = 1;
        _isIncomplete = false;
    }

    /// <summary>What wakes it may be lost, so it looks again after a while.</summary>
    internal void LookAgain() => _isIncomplete = true;

    /// <summary>A word that must be unchanged.</summary>
    internal void Add(ref uint word, uint expected)
    {
        if (_count == MaximumWords)
        {
            LookAgain();
            return;
        }

        fixed (uint* address = &word) // shared memory does not move
        {
            if (_count == 2)
            {
                _main = address;
                _mainExpected = expected;
            }

            _words[_count++] = new FutexWaiter(address, expected, shared: true);
        }
    }

    /// <summary>A counter whose lower half must be unchanged.</summary>
    internal void Add(ref long counter)
    {
        ref uint lower = ref System.Runtime.CompilerServices.Unsafe.As<long, uint>(ref counter);
        Add(ref lower, Volatile.Read(ref lower));
    }

    /// <summary>Sleeps until something has changed, somebody wakes it, or the time is over. May return for no reason.</summary>
    internal void Sleep(in WaitLimit limit, TimeSpan? atMost)
    {
        TimeSpan? time = limit.Remaining;
        if (_isIncomplete || s_hasNoWaitV)
        {
            atMost = atMost < s_lookAgain ? atMost : s_lookAgain;
        }

        if (!s_hasNoWaitV)
        {
            try
            {
                Os.FutexWaitV(_words.AsSpan(0, _count), out _, Shorter(time, atMost));
                return;
            }
            catch (PosixException exception) when (exception.Errno is Errno.ENOSYS or Errno.EPERM) // EPERM: from a sandbox
            {
                s_hasNoWaitV = true;
            }
        }

        // Nobody can wake this thread only.
        if (Volatile.Read(ref _poke[0]) == 0)
        {
            Os.FutexWait(ref *_main, _mainExpected, Shorter(time, Shorter(atMost, s_lookAgainForPoke)), shared: true);
        }
    }

    private static TimeSpan? Shorter(TimeSpan? a, TimeSpan? b) => a is null ? b : b is null || a < b ? a : b;
}
