using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>
/// While a thread has its duty on, the kernel wakes one sleeper of the queue's <see cref="QueueHeader.Deaths"/> should the thread die: the pending word of its
/// robust futex list (struct robust_list_head in linux/futex.h) names that word.
/// </summary>
/// <remarks>
/// The C library sets the pending word only within pthread_mutex_lock and its kin on robust mutexes, which nothing calls while a duty is on. The kernel looks at it when the thread ends,
/// wakes one sleeper if the owner bits of the word are 0, and changes nothing.
/// </remarks>
internal static unsafe class WakeDuty
{
    private const int OffsetOfFutexOffset = 8;
    private const int OffsetOfPending = 16;

    [ThreadStatic]
    private static nint* s_pending;

    private static long s_futexOffset; // the same for all threads of a C library
    private static int s_isMissing;

    /// <summary>Whether a thread was met that has no robust list: its death wakes nobody.</summary>
    internal static bool IsMissing => Volatile.Read(ref s_isMissing) != 0;

    /// <summary>Where the calling thread's pending word is; written with <see cref="For"/>, and with 0 afterwards.</summary>
    internal static nint* Pending
    {
        get
        {
            nint* pending = s_pending;
            return pending is not null ? pending : Find();
        }
    }

    /// <summary>What the pending word must be for a futex.</summary>
    internal static nint For(uint* word)
    {
        _ = Pending; // the offset is known from here on
        return (nint)word - (nint)s_futexOffset;
    }

    private static nint* Find()
    {
        nint head = 0;
        try
        {
            head = Os.GetRobustList();
        }
        catch (PosixException)
        {
            // a sandbox hides the call
        }

        if (head == 0)
        {
            Volatile.Write(ref s_isMissing, 1);
            s_pending = (nint*)NativeMemory.AllocZeroed((nuint)sizeof(nint)); // of no effect
            return s_pending;
        }

        s_futexOffset = *(long*)(head + OffsetOfFutexOffset);
        s_pending = (nint*)(head + OffsetOfPending);
        return s_pending;
    }

    /// <summary>The duty on the calling thread, from construction until it is disposed.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly ref struct Held
    {
        private readonly nint* _pending;
        private readonly nint _before;

        internal Held(nint duty)
        {
            _pending = Pending;
            _before = *_pending;
            *_pending = duty;
        }

        public void Dispose() => *_pending = _before;
    }
}
