namespace Multiprocessing.Posix;

/// <summary>Strings one behind the other, each ending in a null byte, as in /proc/PID/cmdline and /proc/PID/environ.</summary>
internal static class NullTerminated
{
    /// <summary>The strings; a last one may lack its null byte.</summary>
    internal static List<string> Strings(ReadOnlySpan<byte> bytes)
    {
        List<string> strings = [];
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf((byte)0);
            strings.Add(SurrogateEscape.Decode(end < 0 ? bytes : bytes[..end]));
            bytes = end < 0 ? [] : bytes[(end + 1)..];
        }

        return strings;
    }

    /// <summary>The strings that are variables. As for getenv(3), the first of a name counts, and what has no '=' is none.</summary>
    internal static Dictionary<string, string> Variables(ReadOnlySpan<byte> bytes)
    {
        Dictionary<string, string> variables = new(StringComparer.Ordinal);
        foreach (string entry in Strings(bytes))
        {
            int equals = entry.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0)
            {
                variables.TryAdd(entry[..equals], entry[(equals + 1)..]);
            }
        }

        return variables;
    }
}
