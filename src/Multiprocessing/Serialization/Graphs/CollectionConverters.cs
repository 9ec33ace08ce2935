using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PolyType.Abstractions;

namespace Multiprocessing;

/// <summary>Arrays of structures with references; all others have a form of their own.</summary>
internal sealed class ArrayConverter<T>(Slot<T> slot) : Converter<T[]>
{
    internal override bool IsLeaf => slot.IsLeaf;

    internal override bool CanHoldItself => true;

    internal override int MinimumSize => sizeof(int);

    internal override void Write(WireWriter writer, T[] value)
    {
        writer.Int32(value.Length);
        foreach (T item in value)
        {
            slot.Write(writer, item);
        }
    }

    internal override T[] Read(ref WireReader reader, int number)
    {
        T[] array = new T[reader.Count(slot.MinimumSize)];
        if (number >= 0)
        {
            reader.Received.Set(number, array);
        }

        foreach (ref T item in array.AsSpan())
        {
            item = slot.Read(ref reader)!;
        }

        return array;
    }
}

internal sealed class ListConverter<T>(Slot<T> slot) : Converter<List<T>>
{
    private static readonly RawLayout? s_raw = RawValues.Of(typeof(T));

    internal override bool IsLeaf => slot.IsLeaf;

    internal override bool CanHoldItself => true;

    internal override int MinimumSize => sizeof(int);

    internal override void Write(WireWriter writer, List<T> value)
    {
        Span<T> items = CollectionsMarshal.AsSpan(value);
        writer.Int32(items.Length);
        if (s_raw is not null)
        {
            writer.Raw(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(items)), checked(items.Length * s_raw.Size)));
            return;
        }

        foreach (T item in items)
        {
            slot.Write(writer, item);
        }
    }

    internal override List<T> Read(ref WireReader reader, int number)
    {
        int count = reader.Count(slot.MinimumSize);
        List<T> list = new(count);
        if (number >= 0)
        {
            reader.Received.Set(number, list);
        }

        for (int i = 0; i < count; i++)
        {
            list.Add(slot.Read(ref reader)!);
        }

        return list;
    }
}

/// <summary>Every other collection that can be made again from its elements.</summary>
internal sealed class CollectionConverter<T, TElement>(IEnumerableTypeShape<T, TElement> shape, Slot<TElement> slot) : Converter<T>
{
    private const int Default = -1;

    private readonly Func<T, IEnumerable<TElement>> _elements = shape.GetGetEnumerable();
    private readonly KeyComparers<TElement> _comparers = new(typeof(T), shape.SupportedComparer);
    private readonly bool _isMutable = shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable;
    private readonly MutableCollectionConstructor<TElement, T>? _make = shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable ? shape.GetDefaultConstructor() : null;
    private readonly EnumerableAppender<T, TElement>? _append = shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable ? shape.GetAppender() : null;
    private readonly ParameterizedCollectionConstructor<TElement, TElement, T>? _makeFrom = shape.ConstructionStrategy == CollectionConstructionStrategy.Parameterized ? shape.GetParameterizedConstructor() : null;

    /// <summary>A stack shows its elements from the last to the first.</summary>
    private readonly bool _isReversed = FrameworkConverters.IsStack(typeof(T));

    private readonly bool _isSet = typeof(ISet<TElement>).IsAssignableFrom(typeof(T)) || typeof(IReadOnlySet<TElement>).IsAssignableFrom(typeof(T));

    internal override bool IsLeaf => slot.IsLeaf;

    internal override bool CanHoldItself => _isMutable && !_isReversed && !typeof(T).IsValueType;

    internal override int MinimumSize => sizeof(int) + 1;

    internal override void Write(WireWriter writer, T value)
    {
        _comparers.Write(writer, value!);
        if (typeof(T).IsValueType && EqualityComparer<T>.Default.Equals(value, default))
        {
            writer.Int32(Default); // such as an immutable array that was never set, which cannot even be counted
            return;
        }

        int start = writer.Length;
        writer.Int32(0);
        int count = 0;
        foreach (TElement item in _elements(value))
        {
            slot.Write(writer, item);
            count++;
        }

        writer.PatchInt32(start, count);
    }

    internal override T Read(ref WireReader reader, int number)
    {
        CollectionConstructionOptions<TElement> options = _comparers.Read(ref reader);
        if (typeof(T).IsValueType && reader.TryTake([0xFF, 0xFF, 0xFF, 0xFF]))
        {
            return default!;
        }

        int count = reader.Count(slot.MinimumSize);
        if (CanHoldItself)
        {
            T collection = _make!(options);
            if (number >= 0)
            {
                reader.Received.Set(number, collection!);
            }

            List<TElement>? late = null;
            for (int i = 0; i < count; i++)
            {
                bool isLate = late is not null;
                TElement item = ReadElement(ref reader, ref isLate);
                if (isLate)
                {
                    (late ??= []).Add(item);
                }
                else
                {
                    _append!(ref collection, item);
                }
            }

            if (late is not null)
            {
                FillAtEnd(reader.Received, collection, late);
            }

            return collection;
        }

        bool isAnyLate = false;
        TElement[] items = new TElement[count];
        foreach (ref TElement item in items.AsSpan())
        {
            item = ReadElement(ref reader, ref isAnyLate);
        }

        if (isAnyLate)
        {
            throw LateKeys.Refused(typeof(T));
        }

        if (_isReversed)
        {
            Array.Reverse(items);
        }

        return _isMutable ? Fill(_make!(options), items) : _makeFrom!(items, options);
    }

    private TElement ReadElement(ref WireReader reader, ref bool isLate) => (_isSet ? slot.ReadKey(ref reader, ref isLate) : slot.Read(ref reader))!;

    /// <summary>Apart from its caller, where the compiler would make the lambda's object for every collection.</summary>
    private void FillAtEnd(ReceivedObjects received, T collection, List<TElement> late) => received.AtEnd(() => Fill(collection, late));

    private T Fill(T collection, IEnumerable<TElement> items)
    {
        foreach (TElement item in items)
        {
            _append!(ref collection, item);
        }

        return collection;
    }
}

internal sealed class DictionaryConverter<T, TKey, TValue>(IDictionaryTypeShape<T, TKey, TValue> shape, Slot<TKey> keys, Slot<TValue> values) : Converter<T>
    where TKey : notnull
{
    private readonly Func<T, IReadOnlyDictionary<TKey, TValue>> _entries = shape.GetGetDictionary();
    private readonly KeyComparers<TKey> _comparers = new(typeof(T), shape.SupportedComparer);
    private readonly bool _isMutable = shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable;
    private readonly MutableCollectionConstructor<TKey, T>? _make = shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable ? shape.GetDefaultConstructor() : null;
    private readonly DictionaryInserter<T, TKey, TValue>? _insert = shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable ? shape.GetInserter() : null;
    private readonly ParameterizedCollectionConstructor<TKey, KeyValuePair<TKey, TValue>, T>? _makeFrom = shape.ConstructionStrategy == CollectionConstructionStrategy.Parameterized ? shape.GetParameterizedConstructor() : null;

    internal override bool IsLeaf => keys.IsLeaf && values.IsLeaf;

    internal override bool CanHoldItself => _isMutable && !typeof(T).IsValueType;

    internal override int MinimumSize => sizeof(int) + 1;

    internal override void Write(WireWriter writer, T value)
    {
        _comparers.Write(writer, value!);
        int start = writer.Length;
        writer.Int32(0);
        int count = 0;
        if (value is Dictionary<TKey, TValue> dictionary)
        {
            foreach ((TKey key, TValue content) in dictionary)
            {
                keys.Write(writer, key);
                values.Write(writer, content);
                count++;
            }
        }
        else
        {
            foreach ((TKey key, TValue content) in _entries(value))
            {
                keys.Write(writer, key);
                values.Write(writer, content);
                count++;
            }
        }

        writer.PatchInt32(start, count);
    }

    internal override T Read(ref WireReader reader, int number)
    {
        CollectionConstructionOptions<TKey> options = _comparers.Read(ref reader);
        int count = reader.Count(keys.MinimumSize + values.MinimumSize);
        if (!_isMutable)
        {
            bool isAnyLate = false;
            KeyValuePair<TKey, TValue>[] entries = new KeyValuePair<TKey, TValue>[count];
            foreach (ref KeyValuePair<TKey, TValue> entry in entries.AsSpan())
            {
                entry = new(keys.ReadKey(ref reader, ref isAnyLate)!, values.Read(ref reader)!);
            }

            if (isAnyLate)
            {
                throw LateKeys.Refused(typeof(T));
            }

            return _makeFrom!(entries, options);
        }

        T dictionary = _make!(new CollectionConstructionOptions<TKey>(options) { Capacity = count });
        if (number >= 0 && CanHoldItself)
        {
            reader.Received.Set(number, dictionary!);
        }

        List<KeyValuePair<TKey, TValue>>? late = null;
        for (int i = 0; i < count; i++)
        {
            bool isLate = late is not null;
            TKey key = keys.ReadKey(ref reader, ref isLate)!;
            TValue value = values.Read(ref reader)!;
            if (isLate)
            {
                (late ??= []).Add(new(key, value));
            }
            else
            {
                _insert!(ref dictionary, key, value);
            }
        }

        if (late is not null)
        {
            if (!CanHoldItself)
            {
                throw LateKeys.Refused(typeof(T));
            }

            FillAtEnd(reader.Received, dictionary, late);
        }

        return dictionary;
    }

    private void FillAtEnd(ReceivedObjects received, T dictionary, List<KeyValuePair<TKey, TValue>> late) =>
        received.AtEnd(() => late.ForEach(entry => _insert!(ref dictionary, entry.Key, entry.Value)));
}

/// <summary>Keys whose hash, or order, is known only when the whole value is read.</summary>
internal static class LateKeys
{
    internal static InvalidDataException Refused(Type collection) => new(
        $"The message has a key that refers to an object around it, in {TypeNames.Article(collection)}, which cannot be filled when that object is whole; send a collection that can, such as a HashSet or a Dictionary.");
}

/// <summary>The comparer of a collection's keys on its way.</summary>
internal sealed class KeyComparers<TKey>(Type collection, CollectionComparerOptions supported)
{
    private readonly Comparers _comparers = new(collection);

    /// <exception cref="RefusedException">The receiver could not make a collection that compares in the same way.</exception>
    internal void Write(WireWriter writer, object collection)
    {
        byte number = _comparers.NumberFor(collection);
        writer.Byte(number == 0 || OptionsOf(number) is not null ? number : throw new RefusedException(collection.GetType(), Refusals.AgainstComparer));
    }

    internal CollectionConstructionOptions<TKey> Read(ref WireReader reader)
    {
        byte number = reader.Byte();
        return number == 0 ? default : OptionsOf(number) ?? throw new InvalidDataException($"The message has a comparer that the collection cannot take.");
    }

    private CollectionConstructionOptions<TKey>? OptionsOf(byte number) => (supported, Comparers.Of(number)) switch
    {
        (CollectionComparerOptions.EqualityComparer, IEqualityComparer<TKey> equality) => new() { EqualityComparer = equality },
        (CollectionComparerOptions.Comparer, IComparer<TKey> order) => new() { Comparer = order },
        _ => null,
    };
}
