namespace Compare;

/// <summary>Python's own multiprocessing, by peers/peer.py.</summary>
internal sealed class PythonPeer : Peer
{
    private static readonly Version s_least = new(3, 11);

    private PythonPeer(string python, string version)
        : base(python, [Path.Combine(AppContext.BaseDirectory, "peers/peer.py")], $"Python {version}")
    {
    }

    /// <returns>Null where there is no such Python, or an older one than 3.11.</returns>
    internal static PythonPeer? TryFind(string python)
    {
        string? version = Run(python, ["-c", "import platform; print(platform.python_version())"])?.Trim();
        return System.Version.TryParse(version, out Version? parsed) && parsed >= s_least ? new PythonPeer(python, version!) : null;
    }
}
