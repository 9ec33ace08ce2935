namespace Multiprocessing;

/// <summary>What a child says over its channel: a byte for the kind, the length, the content.</summary>
internal enum ChildMessage : byte
{
    /// <summary>The work's result.</summary>
    Result = 1,

    /// <summary>The exception that the work threw.</summary>
    Failure = 2,

    /// <summary>The exit code with which it is about to end, for a parent that cannot learn it from the system.</summary>
    LastWord = 3,
}
