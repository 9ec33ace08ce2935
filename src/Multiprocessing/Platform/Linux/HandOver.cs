using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>
/// How a child finds its work: descriptors of fixed numbers, and a mark in its environment that says which of them are there.
/// </summary>
internal static class HandOver
{
    /// <summary>The socket over which the child gets its work and answers.</summary>
    internal const int Channel = 3;

    /// <summary>The reading end of the pipe whose closing kills the child.</summary>
    internal const int Lifeline = 4;

    /// <summary>The work itself, in memory, where it is too large for a socket's buffer.</summary>
    internal const int LargeMessage = 5;

    // A local socket's buffer is 208 KiB unless the administrator changed it; a quarter of that is safe even where he did.
    private const int MaximumOnChannel = 48 * 1024;

    internal static bool FitsChannel(int length) => length <= MaximumOnChannel;

    /// <summary>The mark: the number of each descriptor handed over, a digit each.</summary>
    internal static string MarkOf(IEnumerable<int> descriptors)
    {
        string mark = "";
        foreach (int descriptor in descriptors)
        {
            if (descriptor >= Channel)
            {
                mark += (char)('0' + descriptor);
            }
        }

        return mark;
    }

    internal static bool Has(string mark, int descriptor)
    {
        foreach (char digit in mark)
        {
            if (digit == '0' + descriptor)
            {
                return true;
            }
        }

        return false;
    }

    internal static SafeDescriptorHandle ToMemory(ReadOnlySpan<byte> message)
    {
        SafeDescriptorHandle memory = Os.MemFdCreate("multiprocessing-handover");
        try
        {
            while (!message.IsEmpty)
            {
                message = message[Os.Write(memory, message)..];
            }

            Os.Lseek(memory, 0, SeekOrigin.Begin);
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }
}
