namespace Multiprocessing;

/// <summary>What a child says over its channel: a byte for the kind, the length, the number of descriptors that came along, the content.</summary>
internal enum ChildMessage : byte
{
    /// <summary>The work's result.</summary>
    Result = 1,

    /// <summary>The exception that the work threw.</summary>
    Failure = 2,

    /// <summary>The exit code with which it is about to end, for a parent that cannot learn it from the system.</summary>
    LastWord = 3,

    /// <summary>The options are applied, and the work comes next; how much memory it took so far. Said only where there are options to apply.</summary>
    Started = 4,

    /// <summary>An option cannot be applied: its name, and why.</summary>
    StartFailure = 5,

    /// <summary>The work fails for lack of memory, which nobody waits to hear, but its exit status is to say. Nothing follows.</summary>
    LackOfMemory = 6,
}
