using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    internal static readonly int SYS_futex = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;

    private const int SYS_futex_waitv = 449;
    private const int FUTEX_WAKE = 1;
    private const int FUTEX_WAIT_BITSET = 9;
    private const int FUTEX_PRIVATE_FLAG = 128;
    private const int FUTEX_WAITV_MAX = 128;
    private const uint FUTEX_BITSET_MATCH_ANY = uint.MaxValue;

    /// <summary>Sleeps while a word has a value. See futex(2), FUTEX_WAIT_BITSET.</summary>
    /// <param name="word">The word, at a multiple of 4; it is pinned while the call lasts. A shared one is in shared memory that all map.</param>
    /// <param name="expected">The value; when the word has another one, the call returns at once.</param>
    /// <param name="timeout">How long at most; null or <see cref="Timeout.InfiniteTimeSpan"/>: for ever. On the monotonic clock.</param>
    /// <param name="shared">Whether other processes wake it. Sleeper and waker must say the same; false is faster.</param>
    /// <returns>Why it returned. A wake-up may be spurious: look at the word, and wait again if need be.</returns>
    /// <remarks>A wait that a signal interrupts goes on to the same deadline.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="PosixException">EINVAL: the word is not at a multiple of 4; EFAULT: it is not mapped.</exception>
    public static FutexWaitResult FutexWait(ref readonly uint word, uint expected, TimeSpan? timeout = null, bool shared = false)
    {
        Deadline deadline = new(timeout);
        int operation = FUTEX_WAIT_BITSET | (shared ? 0 : FUTEX_PRIVATE_FLAG);
        fixed (uint* address = &word)
        {
            while (Libc.futex(SYS_futex, address, operation, (nint)expected, deadline.IsNever ? null : &deadline.Time, 0, unchecked((nint)FUTEX_BITSET_MATCH_ANY)) != 0)
            {
                if (ToResult("futex") is { } result)
                {
                    return result;
                }
            }
        }

        return FutexWaitResult.Woken;
    }

    /// <summary>Wakes sleepers of a word. See futex(2), FUTEX_WAKE. Change the word first.</summary>
    /// <param name="word">The word.</param>
    /// <param name="count">How many at most; <see cref="int.MaxValue"/>: all.</param>
    /// <param name="shared">Whether the sleepers may be in other processes. Sleeper and waker must say the same.</param>
    /// <returns>How many were woken.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="PosixException">EINVAL: the word is not at a multiple of 4; EFAULT: it is not mapped, and shared.</exception>
    public static int FutexWake(ref readonly uint word, int count = 1, bool shared = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0)
        {
            return 0; // the kernel would wake one
        }

        fixed (uint* address = &word)
        {
            return Check("futex", (int)Libc.futex(SYS_futex, address, FUTEX_WAKE | (shared ? 0 : FUTEX_PRIVATE_FLAG), count, null, 0, 0));
        }
    }

    /// <summary>Sleeps while each of several words has its value. See futex_waitv(2); Linux 5.16.</summary>
    /// <param name="waiters">From 1 to 128 words. They must stay where they are until the call returns.</param>
    /// <param name="index">One that was woken, when the result is <see cref="FutexWaitResult.Woken"/>; else -1.</param>
    /// <param name="timeout">How long at most; null or <see cref="Timeout.InfiniteTimeSpan"/>: for ever. On the monotonic clock.</param>
    /// <returns>Why it returned; as of <see cref="FutexWait"/>.</returns>
    /// <remarks>A wait that a signal interrupts goes on to the same deadline.</remarks>
    /// <exception cref="ArgumentException">There is no word, or there are too many.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="PosixException">ENOSYS: the kernel is older, or a sandbox hides the call; EINVAL: a word is not at a multiple of 4; EFAULT: it is not mapped.</exception>
    public static FutexWaitResult FutexWaitV(ReadOnlySpan<FutexWaiter> waiters, out int index, TimeSpan? timeout = null)
    {
        if (waiters.IsEmpty || waiters.Length > FUTEX_WAITV_MAX)
        {
            throw new ArgumentException($"futex_waitv takes from 1 to {FUTEX_WAITV_MAX} words, not {waiters.Length}.", nameof(waiters));
        }

        Deadline deadline = new(timeout);
        index = -1;
        fixed (FutexWaiter* first = waiters)
        {
            nint woken;
            while ((woken = Libc.futex_waitv(SYS_futex_waitv, first, waiters.Length, 0, deadline.IsNever ? null : &deadline.Time, (int)ClockId.Monotonic)) < 0)
            {
                if (ToResult("futex_waitv") is { } result)
                {
                    return result;
                }
            }

            index = (int)woken;
            return FutexWaitResult.Woken;
        }
    }

    /// <summary>What the call that has just failed on this thread means; null: it was interrupted, and is to be repeated.</summary>
    private static FutexWaitResult? ToResult(string call) => Marshal.GetLastPInvokeError() switch
    {
        Errno.EAGAIN => FutexWaitResult.ValueDiffers,
        Errno.ETIMEDOUT => FutexWaitResult.TimedOut,
        Errno.EINTR => null,
        int errno => throw PosixException.For(call, errno),
    };

    /// <summary>A moment of the monotonic clock, so that a wait that is repeated does not last longer.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Deadline
    {
        internal TimeSpec Time;

        internal Deadline(TimeSpan? timeout)
        {
            IsNever = timeout is null || timeout == Timeout.InfiniteTimeSpan;
            if (!IsNever)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(timeout!.Value, TimeSpan.Zero, nameof(timeout));
                TimeSpan now = ClockGetTime(ClockId.Monotonic) + new TimeSpan(1); // the reading was rounded down
                Time = TimerSpec.ToSystem(timeout.Value < TimeSpan.MaxValue - now ? now + timeout.Value : TimeSpan.MaxValue);
            }
        }

        internal bool IsNever { get; }
    }
}

/// <summary>Why a wait on a futex returned.</summary>
public enum FutexWaitResult
{
    /// <summary>It was woken, or for no reason.</summary>
    Woken,

    /// <summary>EAGAIN: the word had another value, so there was no wait.</summary>
    ValueDiffers,

    /// <summary>ETIMEDOUT: the time ran out.</summary>
    TimedOut,
}
