namespace Multiprocessing;

/// <summary>How a message was sent, and so how it may be received.</summary>
internal enum MessageKind : byte
{
    /// <summary>By Send or SendAsync: one value, as <see cref="ValueSerializer"/> writes it.</summary>
    Value = 1,

    /// <summary>By SendBytes: bytes as they are.</summary>
    Bytes = 2,

    /// <summary>By SendHandle: no bytes, one descriptor.</summary>
    Handle = 3,

    /// <summary>By a spinning pipe, to wake the other end; no message.</summary>
    Bell = 4,
}
