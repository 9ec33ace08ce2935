namespace Multiprocessing;

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

    /// <summary>
    /// For output and error: as if inherited, and the last lines are kept for <see cref="ChildCrashedException"/>.
    /// </summary>
    /// <remarks>
    /// The child writes into a pipe, no terminal, and a thread of the library copies it to the stream that this process had at the start. All that the child wrote is there
    /// when <see cref="ChildProcess.Join"/> has returned, or an awaited end or result has come; only for a child that was killed (SIGKILL, SIGTERM) a stream that does not take it is
    /// waited for no longer than a second. Output and error are copied apart, so their order on a common stream may change.
    /// What processes that the child left behind write is copied until the last of them is gone, also after the object was closed. What is written
    /// after the end of this process goes nowhere: the writer gets SIGPIPE or EPIPE. A signal that kills this process loses what is on its way.
    /// </remarks>
    Tee,
}
