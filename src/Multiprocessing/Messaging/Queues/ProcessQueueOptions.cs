namespace Multiprocessing;

/// <summary>Properties of a <see cref="ProcessQueue{T}"/>.</summary>
public sealed class ProcessQueueOptions
{
    /// <summary>How many items it has at most, all processes together, never exceeded; null, the default: as many as memory has room for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not greater than 0.</exception>
    public int? Capacity
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value ?? 1, nameof(value));
            field = value;
        }
    }

    /// <summary>
    /// Whether items are taken only as the type of the queue, and those that it is made of, exactly. False, the default: an item arrives as what it was, also where it is declared as a base class or
    /// an object, so that whoever puts it names the type that whoever takes it makes.
    /// </summary>
    /// <remarks>
    /// Memory does not say who wrote it. So a queue that a less trusted process is to have, such as a child that runs as another user, must be made with this; another one is not handed to such a child,
    /// unless its items are their bytes (types without references).
    /// </remarks>
    public bool OnlyDeclaredTypes { get; init; }
}
