using System.Globalization;

namespace Multiprocessing;

/// <summary>What /proc/self/status tells of this process. See proc_pid_status(5).</summary>
internal static class OwnStatus
{
    /// <summary>Whether the main thread has any capability in its permitted set.</summary>
    internal static bool HasCapabilities => ulong.Parse(Field("CapPrm:"), NumberStyles.HexNumber, CultureInfo.InvariantCulture) != 0;

    /// <param name="name">The name of a size, such as "VmHWM:".</param>
    internal static long Bytes(string name) => long.Parse(Field(name)[..^"kB".Length], CultureInfo.InvariantCulture) * 1024;

    private static string Field(string name)
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                return line[name.Length..].Trim();
            }
        }

        throw new InvalidDataException($"/proc/self/status does not tell {name}");
    }
}
