namespace Multiprocessing.Posix;

/// <summary>A few instructions of our own, for the two places where no compiled code may run: a signal handler, and a thread that is made from a copy of its memory.</summary>
/// <remarks>
/// Written once, then made executable and never changed or given back: a signal may be in it at any time. A page for data follows, which the
/// code finds relative to itself. The mapping is private, so that a forked process has its own.
/// </remarks>
internal static unsafe class MachineCode
{
    /// <summary>Puts code into memory.</summary>
    /// <param name="code">Position-independent instructions, at most a page.</param>
    /// <param name="data">The zeroed page behind them.</param>
    /// <returns>Where the code starts.</returns>
    /// <exception cref="PosixException">EACCES or EPERM: this system forbids it to make memory executable; ENOMEM.</exception>
    internal static byte* Place(ReadOnlySpan<byte> code, out byte* data)
    {
        int page = Environment.SystemPageSize;
        SafeMappedMemoryHandle memory = Os.Mmap(null, 2 * page, MemoryProtection.Read | MemoryProtection.Write, MapFlags.Private | MapFlags.Anonymous);
        try
        {
            code.CopyTo(memory.AsSpan(0, page));
            Os.Mprotect(memory, MemoryProtection.Read | MemoryProtection.Execute, 0, page);
        }
        catch
        {
            memory.Dispose();
            throw;
        }

        data = (byte*)memory.Address + page; // only Dispose would unmap it
        return (byte*)memory.Address;
    }
}
