namespace Multiprocessing;

/// <summary>How a child is started. Immutable; one value may serve many children.</summary>
public sealed record ChildProcessOptions
{
    internal static ChildProcessOptions Default { get; } = new();

    /// <summary>Where the child's standard input comes from. Default: the null device.</summary>
    public StandardStream StandardInput { get; init; }

    /// <summary>Where the child's standard output goes. Default: where this process's goes.</summary>
    public StandardStream StandardOutput { get; init; }

    /// <summary>Where the child's standard error goes. Default: where this process's goes.</summary>
    public StandardStream StandardError { get; init; }

    /// <summary>Whether the kernel kills the child when this process ends, however it ends. True by default.</summary>
    public bool KillOnParentExit { get; init; } = true;
}

/// <summary>What a standard stream of a child is connected to.</summary>
public enum StandardStream
{
    /// <summary>Input from the null device, output and error inherited.</summary>
    Default,

    /// <summary>The stream of this process; the null device where it has none that can be inherited.</summary>
    Inherit,

    /// <summary>The null device: nothing to read, what is written is dropped.</summary>
    Null,

    /// <summary>A pipe, whose other end is the property of the same name of <see cref="ChildProcess"/>.</summary>
    Pipe,
}
