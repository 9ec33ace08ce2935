namespace Multiprocessing;

/// <summary>
/// What crosses not by its state but by what it stands for in the system, such as one end of a connection: its descriptors go along
/// with the message (<see cref="WireWriter.Attach"/>), and the other process makes an object of its own from them.
/// </summary>
internal interface ICrossing
{
    /// <summary>Writes what <see cref="Arrive"/> reads, and attaches the descriptors. The object stays as it is, and may be disposed once the message is sent.</summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    /// <exception cref="RefusedException">It cannot go to another process, or cannot any more.</exception>
    void Depart(WireWriter writer);

    /// <summary>Makes this object, of which no constructor ran, one like that which departed.</summary>
    /// <exception cref="InvalidDataException">The bytes are not what <see cref="Depart"/> wrote, or too few descriptors came.</exception>
    void Arrive(ref WireReader reader);
}
