using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>The objects of one value that were written already, by identity, so that one that is met again goes as a number; and its types.</summary>
internal sealed class SentObjects
{
    private const int MaximumKept = 4096;

    private readonly List<Type> _types = [];
    private (object? Object, int Next, bool IsUnfinished)[] _entries = new (object?, int, bool)[16];
    private int[] _buckets = new int[32];
    private int _count;

    /// <summary>Gives the object the next number, unless it has one.</summary>
    /// <param name="instance">The object.</param>
    /// <param name="canHoldItself">Whether what refers back to it from within can be given to the receiver's object; if not, <see cref="Finish"/> must follow.</param>
    /// <param name="number">Its number.</param>
    /// <returns>False when it was there.</returns>
    /// <exception cref="RefusedException">It is there and not finished: it holds itself.</exception>
    internal bool TryAdd(object instance, bool canHoldItself, out int number)
    {
        ref int bucket = ref _buckets[RuntimeHelpers.GetHashCode(instance) & (_buckets.Length - 1)];
        for (number = bucket - 1; number >= 0; number = _entries[number].Next)
        {
            if (ReferenceEquals(_entries[number].Object, instance))
            {
                return _entries[number].IsUnfinished ? throw new RefusedException(instance.GetType(), Refusals.AgainstDepth) : false;
            }
        }

        if (_count == _entries.Length)
        {
            Grow();
            bucket = ref _buckets[RuntimeHelpers.GetHashCode(instance) & (_buckets.Length - 1)];
        }

        number = _count++;
        _entries[number] = (instance, bucket - 1, !canHoldItself);
        bucket = number + 1;
        return true;
    }

    internal void Finish(int number) => _entries[number].IsUnfinished = false;

    /// <summary>The number of a type that was named before; -1: it is new, and has the next number from now on.</summary>
    internal int NumberOf(Type type)
    {
        int number = _types.IndexOf(type);
        if (number < 0 && _types.Count < ReceivedObjects.MaximumTypes)
        {
            _types.Add(type);
        }

        return number;
    }

    internal void Clear()
    {
        _types.Clear();
        if (_entries.Length > MaximumKept)
        {
            _entries = new (object?, int, bool)[16];
            _buckets = new int[32];
        }
        else if (_count > 0)
        {
            Array.Clear(_entries, 0, _count);
            Array.Clear(_buckets);
        }

        _count = 0;
    }

    private void Grow()
    {
        Array.Resize(ref _entries, _entries.Length * 2);
        _buckets = new int[_entries.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            ref int bucket = ref _buckets[RuntimeHelpers.GetHashCode(_entries[i].Object) & (_buckets.Length - 1)];
            _entries[i].Next = bucket - 1;
            bucket = i + 1;
        }
    }
}
