using System.Collections;

namespace Multiprocessing.Posix;

/// <summary>The names or the values of the environment at one moment; what is equal is equal by content.</summary>
internal sealed class EnvironmentSnapshot<T>(T[] items, IEqualityComparer<T> comparer) : ICollection<T>, IReadOnlyCollection<T>
{
    public int Count => items.Length;

    public bool IsReadOnly => true;

    public bool Contains(T item) => items.Contains(item, comparer);

    public void CopyTo(T[] array, int arrayIndex) => items.CopyTo(array, arrayIndex);

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Add(T item) => throw ReadOnly();

    public void Clear() => throw ReadOnly();

    public bool Remove(T item) => throw ReadOnly();

    private static NotSupportedException ReadOnly() => new("This is a copy of one moment; the environment is changed through the map itself.");
}
