using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Compare;

/// <summary>Where and when the figures come from.</summary>
internal static class Machine
{
    internal static string Describe(Peer? python, Peer? c)
    {
        string processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
        string[] parts = [$"{DateTime.UtcNow:yyyy-MM-dd}", $"{Os.CpuCount()} x {processor}", $"Linux {Os.Uname().Release}", RuntimeInformation.FrameworkDescription, python?.Version ?? "no Python", c?.Version ?? "no gcc"];
        return string.Join("; ", parts);
    }
}
