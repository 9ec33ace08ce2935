namespace Multiprocessing;

/// <summary>How a child is made.</summary>
public enum StartMethod
{
    /// <summary>What <see cref="ChildProcess.DefaultStartMethod"/> says.</summary>
    Default,

    /// <summary>A new runtime. Works everywhere.</summary>
    Spawn,

    /// <summary>A copy of a server process that is kept warm for it. See <see cref="ForkServer.IsSupported"/>.</summary>
    ForkServer,

    /// <summary>A copy of this process as it is. Not for <see cref="ChildProcess"/>: see <c>Os.Fork</c>.</summary>
    Fork,
}
