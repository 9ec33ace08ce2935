using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Multiprocessing;

/// <summary>The objects of one value that were read already, by the numbers that <see cref="SentObjects"/> gave them; and its types.</summary>
/// <remarks>
/// An object in a ring is referred to before all of it is read. A key that is such an object, or depends on one, has another hash then than it will
/// have, so collections insert it when the whole value is read. Which keys these are is known by the oldest unfinished object that each refers to.
/// </remarks>
internal sealed class ReceivedObjects : IDisposable
{
    /// <summary>So many types go by a number within one value; the others by their whole reference each time.</summary>
    internal const int MaximumTypes = 64;

    private const int MaximumKept = 4096;

    private const int None = int.MaxValue;

    private const int Unfinished = -1;

    [ThreadStatic]
    private static ReceivedObjects? s_spare;

    /// <summary>Each with the number of the oldest object that was unfinished then and that it refers to.</summary>
    private readonly List<(object? Object, int Oldest)> _objects = [];

    private List<Action>? _atEnd;

    /// <summary>As of an object, for what was read since <see cref="Begin"/>.</summary>
    private int _oldest = None;

    private ReceivedObjects()
    {
    }

    internal List<Type> Types { get; } = [];

    internal static ReceivedObjects Rent()
    {
        ReceivedObjects rented = s_spare ?? new();
        s_spare = null;
        return rented;
    }

    /// <summary>The next number, for an object that is still to be made.</summary>
    internal int Reserve()
    {
        _objects.Add((null, Unfinished));
        return _objects.Count - 1;
    }

    /// <summary>The object is made, but not all that it holds is read.</summary>
    internal void Set(int number, object instance) => _objects[number] = (instance, Unfinished);

    /// <summary>Another part of the value begins.</summary>
    /// <returns>What its end wants.</returns>
    internal int Begin()
    {
        int outer = _oldest;
        _oldest = None;
        return outer;
    }

    /// <summary>All of the object is read.</summary>
    internal void Finish(int number, object instance, int outer)
    {
        int oldest = _oldest < number ? _oldest : None;
        _objects[number] = (instance, oldest);
        _oldest = Math.Min(outer, oldest);
    }

    /// <summary>The object is made, and holds no others.</summary>
    internal void SetWhole(int number, object instance) => _objects[number] = (instance, None);

    /// <returns>Whether the key's hash may become another yet.</returns>
    internal bool EndKey<T>(int outer, T key)
    {
        bool refersToUnfinished = _oldest != None;
        _oldest = Math.Min(outer, _oldest);
        return refersToUnfinished && key is not null
            && (key is IComparable or IComparable<T> || key.GetType().GetMethod(nameof(GetHashCode), [])?.DeclaringType != typeof(object));
    }

    /// <summary>Something to be done when the whole value is read.</summary>
    internal void AtEnd(Action action) => (_atEnd ??= []).Add(action);

    /// <summary>The whole value is read.</summary>
    internal void End()
    {
        _atEnd?.ForEach(action => action());
        _atEnd = null;
    }

    /// <exception cref="InvalidDataException">There is no such object, or it is not made yet.</exception>
    internal object Get(int number)
    {
        if ((uint)number >= (uint)_objects.Count || _objects[number].Object is not { } instance)
        {
            throw new InvalidDataException("The message refers to an object that it does not have.");
        }

        int oldest = number;
        while (oldest != None && _objects[oldest].Oldest != Unfinished)
        {
            oldest = _objects[oldest].Oldest; // it has become finished meanwhile
        }

        _oldest = Math.Min(_oldest, oldest);
        return instance;
    }

    /// <summary>The value is none: nobody gets what was made of its descriptors.</summary>
    internal void CloseDescriptors()
    {
        foreach ((object? instance, _) in _objects)
        {
            if (instance is Socket or SafeFileHandle or ICrossing)
            {
                (instance as IDisposable)?.Dispose();
            }
        }
    }

    public void Dispose()
    {
        if (_objects.Capacity <= MaximumKept)
        {
            _objects.Clear();
            _atEnd = null;
            _oldest = None;
            Types.Clear();
            s_spare = this;
        }
    }
}
