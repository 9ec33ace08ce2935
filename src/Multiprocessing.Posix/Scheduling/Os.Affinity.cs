using System.Numerics;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <content>
/// The processors that a thread may run on. A process ID names the process's first thread, 0 the calling one; threads and children inherit
/// the affinity of the thread that makes them.
/// </content>
public static partial class Os
{
    private const int BitsOfWord = 64;
    private const int UsualWords = 1024 / BitsOfWord;
    private const int MostWords = 65536 / BitsOfWord; // eight times what any kernel is built for

    /// <summary>The number of processors that the calling thread may use, as its affinity says; at least 1. See sched_getaffinity(2).</summary>
    /// <returns>The number now. <see cref="Environment.ProcessorCount"/> is the one at the start, and takes a control group's quota of time into account.</returns>
    /// <exception cref="PosixException">The system does not tell.</exception>
    public static int CpuCount()
    {
        int count = 0;
        foreach (ulong word in AffinityMask(0))
        {
            count += BitOperations.PopCount(word);
        }

        return count;
    }

    /// <summary>The processors that a process may run on. See sched_getaffinity(2).</summary>
    /// <param name="pid">A process or a thread; 0: the calling thread.</param>
    /// <returns>Their numbers from 0, in order.</returns>
    /// <exception cref="PosixException">ESRCH: there is no such process.</exception>
    public static IReadOnlyList<int> GetAffinity(int pid = 0)
    {
        List<int> processors = [];
        ulong[] mask = AffinityMask(pid);
        for (int i = 0; i < mask.Length; i++)
        {
            for (ulong rest = mask[i]; rest != 0; rest &= rest - 1)
            {
                processors.Add((i * BitsOfWord) + BitOperations.TrailingZeroCount(rest));
            }
        }

        return processors;
    }

    /// <summary>Says which processors a process may run on. See sched_setaffinity(2).</summary>
    /// <param name="pid">A process or a thread; 0: the calling thread. The process's other threads keep theirs.</param>
    /// <param name="processors">Their numbers from 0. The kernel takes no notice of some that do not exist as long as others do.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative. Nothing was changed.</exception>
    /// <exception cref="PosixException">EINVAL: none of them exists, or a number is beyond any kernel's; ESRCH; EPERM: another user's.</exception>
    public static unsafe void SetAffinity(int pid, IEnumerable<int> processors)
    {
        ArgumentNullException.ThrowIfNull(processors);
        ulong[] mask = new ulong[UsualWords];
        foreach (int processor in processors)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(processor, nameof(processors));
            int word = processor / BitsOfWord;
            if (word >= MostWords)
            {
                throw PosixException.For("sched_setaffinity", Errno.EINVAL);
            }

            if (word >= mask.Length)
            {
                Array.Resize(ref mask, MostWords);
            }

            mask[word] |= 1UL << (processor % BitsOfWord);
        }

        fixed (ulong* first = mask)
        {
            Check("sched_setaffinity", Libc.sched_setaffinity(pid, (nuint)mask.Length * sizeof(ulong), first));
        }
    }

    private static unsafe ulong[] AffinityMask(int pid)
    {
        // EINVAL: the kernel has a bit for more processors than fit.
        for (int words = UsualWords; ; words *= 2)
        {
            ulong[] mask = new ulong[words];
            fixed (ulong* first = mask)
            {
                if (Libc.sched_getaffinity(pid, (nuint)words * sizeof(ulong), first) >= 0)
                {
                    return mask;
                }
            }

            if (Marshal.GetLastPInvokeError() != Errno.EINVAL || words >= MostWords)
            {
                throw PosixException.Last("sched_getaffinity");
            }
        }
    }
}
