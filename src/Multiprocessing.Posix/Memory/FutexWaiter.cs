using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>One word that <see cref="Os.FutexWaitV"/> waits on: struct futex_waitv.</summary>
/// <remarks>It holds an address, so the word must not move: in mapped or pinned memory, not in an ordinary object.</remarks>
[StructLayout(LayoutKind.Sequential)]
public readonly unsafe record struct FutexWaiter
{
    private const uint FUTEX_32 = 2;
    private const uint FUTEX_PRIVATE_FLAG = 128;

    private readonly ulong _expected;
    private readonly ulong _address;
    private readonly uint _flags;
    private readonly uint _reserved;

    /// <summary>Waits on a word.</summary>
    /// <param name="word">The word, at a multiple of 4. It must stay where it is until the wait is over.</param>
    /// <param name="expected">The value that it must still have for the wait to begin.</param>
    /// <param name="shared">Whether other processes wake it; false is faster.</param>
    /// <exception cref="ArgumentNullException">There is no word.</exception>
    public FutexWaiter(uint* word, uint expected, bool shared = false)
    {
        ArgumentNullException.ThrowIfNull(word);
        _address = (ulong)word;
        _expected = expected;
        _flags = FUTEX_32 | (shared ? 0 : FUTEX_PRIVATE_FLAG);
    }
}
