using System.Globalization;

namespace Multiprocessing.Posix;

/// <summary>The table of /proc/PID/limits. See proc_pid_limits(5).</summary>
internal static class LimitsText
{
    // The columns are padded with blanks, and the names have blanks in them.
    private static readonly (string Name, Resource Resource)[] s_names =
    [
        ("Max cpu time ", Resource.Cpu),
        ("Max file size ", Resource.FileSize),
        ("Max data size ", Resource.Data),
        ("Max stack size ", Resource.Stack),
        ("Max core file size ", Resource.Core),
        ("Max resident set ", Resource.ResidentSet),
        ("Max processes ", Resource.Processes),
        ("Max open files ", Resource.OpenFiles),
        ("Max locked memory ", Resource.LockedMemory),
        ("Max address space ", Resource.AddressSpace),
        ("Max file locks ", Resource.Locks),
        ("Max pending signals ", Resource.PendingSignals),
        ("Max msgqueue size ", Resource.MessageQueues),
        ("Max nice priority ", Resource.Nice),
        ("Max realtime priority ", Resource.RealTimePriority),
        ("Max realtime timeout ", Resource.RealTimeTime),
    ];

    /// <exception cref="FormatException">A limit has not the form that is known.</exception>
    internal static Dictionary<Resource, ResourceLimit> Parse(string text)
    {
        Dictionary<Resource, ResourceLimit> limits = [];
        foreach (string line in text.Split('\n'))
        {
            foreach ((string name, Resource resource) in s_names)
            {
                if (line.StartsWith(name, StringComparison.Ordinal))
                {
                    string[] columns = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    limits[resource] = columns.Length >= 2 ? new ResourceLimit(Value(columns[0]), Value(columns[1])) : throw Unknown(line);
                }
            }
        }

        return limits;
    }

    private static long? Value(string column) => column == "unlimited"
        ? null
        : ulong.TryParse(column, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? (long)Math.Min(value, long.MaxValue)
            : throw Unknown(column);

    private static FormatException Unknown(string what) => new($"/proc/PID/limits has not the form that is known, at '{what}'.");
}
