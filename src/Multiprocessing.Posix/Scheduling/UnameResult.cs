namespace Multiprocessing.Posix;

/// <summary>What uname(2) says of the system.</summary>
/// <param name="SystemName">The kernel: "Linux".</param>
/// <param name="NodeName">The machine's name in its network.</param>
/// <param name="Release">The kernel's release, such as "6.1.0-18-amd64".</param>
/// <param name="Version">The kernel's version: when and how it was built.</param>
/// <param name="Machine">The hardware, such as "x86_64" or "aarch64".</param>
public sealed record UnameResult(string SystemName, string NodeName, string Release, string Version, string Machine);
