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

    /// <summary>Sends bytes, and descriptors along with the first of them: with each byte as many as the system takes at once.</summary>
    internal static void Send(SafeDescriptorHandle channel, ReadOnlySpan<byte> message, ReadOnlySpan<SafeDescriptorHandle> descriptors = default)
    {
        while (!message.IsEmpty)
        {
            if (descriptors.IsEmpty)
            {
                message = message[Os.Send(channel, message)..];
                continue;
            }

            int count = Math.Min(descriptors.Length, Os.MaxMessageDescriptors);
            message = message[Os.SendMsg(channel, message[..1], descriptors[..count])..];
            descriptors = descriptors[count..];
        }
    }

    /// <summary>Sends descriptors behind a message that says how many there are, so that who has it knows what to receive.</summary>
    internal static void SendBehind(SafeDescriptorHandle channel, ReadOnlySpan<SafeDescriptorHandle> descriptors) =>
        Send(channel, new byte[(descriptors.Length + Os.MaxMessageDescriptors - 1) / Os.MaxMessageDescriptors], descriptors);

    /// <summary>Receives what <see cref="SendBehind"/> sent.</summary>
    /// <returns>Null when there are none. Fewer than that when the sender has ended.</returns>
    /// <exception cref="InvalidDataException">This process may not open so many.</exception>
    internal static ReceivedDescriptors? Receive(SafeDescriptorHandle channel, int count)
    {
        if (count == 0)
        {
            return null;
        }

        List<SafeDescriptorHandle> descriptors = [];
        Span<byte> filler = stackalloc byte[1];
        while (descriptors.Count < count && Os.RecvMsg(channel, filler) is { Count: > 0 } received)
        {
            descriptors.AddRange(received.Descriptors);
        }

        return new ReceivedDescriptors(descriptors);
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
