namespace Multiprocessing;

/// <summary>What comes next in a message.</summary>
internal enum Tag : byte
{
    Null,
    Boolean,
    Char,
    SByte,
    Byte,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Single,
    Double,
    Decimal,
    DateTime,
    String,

    /// <summary>A structure without references: its type, its bytes.</summary>
    Raw,

    /// <summary>An array of those.</summary>
    RawArray,

    /// <summary>An array of anything else that is not a structure.</summary>
    Array,

    Delegate,

    /// <summary>Its type, and what the type's <see cref="Converter"/> writes.</summary>
    Converted,

    /// <summary>The same without the type: it is the one that the place is declared with.</summary>
    Declared,

    /// <summary>The number of an object that came before in the same value.</summary>
    Back,

    /// <summary>An <see cref="ICrossing"/>: its type, and what it writes.</summary>
    Crossing,

    Socket,
    FileHandle,
}
