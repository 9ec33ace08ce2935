using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Multiprocessing;

/// <summary>
/// Converters without code of their own for each type: slower, but they work where no code can be made while the program runs (Native AOT), as
/// long as the members' names were kept.
/// </summary>
internal static class BoxedConverters
{
    /// <exception cref="RefusedException">Values of the type cannot cross.</exception>
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(List<>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(Dictionary<,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(HashSet<>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(KeyValuePair<,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(ValueTuple<,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(ValueTuple<,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(ValueTuple<,,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(Tuple<,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(Tuple<,,>))]
    internal static Converter Make(Type type)
    {
        if (type.IsSZArray)
        {
            return new BoxedArrayConverter(type);
        }

        if (!typeof(IEnumerable).IsAssignableFrom(type))
        {
            return type == typeof(object) ? new BareConverter() : new BoxedObjectConverter(ObjectPlan.For(type));
        }

        WholeState.RequireOnlyElements(type);
        if (type.GetConstructor([]) is { } constructor)
        {
            if (typeof(IDictionary).IsAssignableFrom(type) && type.IsGenericType)
            {
                return new BoxedDictionaryConverter(type, constructor);
            }

            if (type.IsGenericType && type.GetGenericArguments() is [var element] && type.GetMethod("Add", [element]) is { } add)
            {
                return new BoxedCollectionConverter(type, constructor, add);
            }
        }

        throw new RefusedException(type, Refusals.AgainstCollection);
    }

    /// <summary>An array of structures with references.</summary>
    private sealed class BoxedArrayConverter(Type type) : Converter
    {
        private readonly BoxedSlot _slot = new(type.GetElementType()!);

        internal override Type Type => type;

        internal override bool IsLeaf => _slot.IsLeaf;

        internal override bool CanHoldItself => true;

        internal override void WriteObject(WireWriter writer, object value)
        {
            Array array = (Array)value;
            writer.Int32(array.Length);
            foreach (object? item in array)
            {
                _slot.Write(writer, item);
            }
        }

        internal override object ReadObject(ref WireReader reader, int number)
        {
            Array array = Array.CreateInstanceFromArrayType(type, reader.Count(_slot.MinimumSize));
            if (number >= 0)
            {
                reader.Received.Set(number, array);
            }

            for (int i = 0; i < array.Length; i++)
            {
                array.SetValue(_slot.Read(ref reader), i);
            }

            return array;
        }
    }

    private sealed class BoxedCollectionConverter(Type type, ConstructorInfo constructor, MethodInfo add) : Converter
    {
        private readonly Comparers _comparers = new(type);
        private readonly BoxedSlot _slot = new(type.GetGenericArguments()[0]);
        private readonly bool _isSet = Array.Exists(type.GetInterfaces(), i => i.IsConstructedGenericType && i.GetGenericTypeDefinition() == typeof(ISet<>));

        internal override Type Type => type;

        internal override bool IsLeaf => _slot.IsLeaf;

        internal override bool CanHoldItself => true;

        internal override void WriteObject(WireWriter writer, object value)
        {
            _comparers.Require(value);
            object?[] items = [.. ((IEnumerable)value).Cast<object?>()];
            writer.Int32(items.Length);
            foreach (object? item in items)
            {
                _slot.Write(writer, item);
            }
        }

        internal override object ReadObject(ref WireReader reader, int number)
        {
            object collection = constructor.Invoke([]);
            if (number >= 0)
            {
                reader.Received.Set(number, collection);
            }

            List<object?>? late = null;
            for (int left = reader.Count(_slot.MinimumSize); left > 0; left--)
            {
                bool isLate = late is not null;
                object? item = _isSet ? _slot.ReadKey(ref reader, ref isLate) : _slot.Read(ref reader);
                if (isLate)
                {
                    (late ??= []).Add(item);
                }
                else
                {
                    add.Invoke(collection, [item]);
                }
            }

            if (late is not null)
            {
                reader.Received.AtEnd(() => late.ForEach(item => add.Invoke(collection, [item])));
            }

            return collection;
        }
    }

    private sealed class BoxedDictionaryConverter(Type type, ConstructorInfo constructor) : Converter
    {
        private readonly Comparers _comparers = new(type);
        private readonly BoxedSlot _keys = new(type.GetGenericArguments()[0]);
        private readonly BoxedSlot _values = new(type.GetGenericArguments()[^1]);

        internal override Type Type => type;

        internal override bool IsLeaf => _keys.IsLeaf && _values.IsLeaf;

        internal override bool CanHoldItself => true;

        internal override void WriteObject(WireWriter writer, object value)
        {
            _comparers.Require(value);
            IDictionary dictionary = (IDictionary)value;
            writer.Int32(dictionary.Count);
            foreach (DictionaryEntry entry in dictionary)
            {
                _keys.Write(writer, entry.Key);
                _values.Write(writer, entry.Value);
            }
        }

        internal override object ReadObject(ref WireReader reader, int number)
        {
            IDictionary dictionary = (IDictionary)constructor.Invoke([]);
            if (number >= 0)
            {
                reader.Received.Set(number, dictionary);
            }

            List<KeyValuePair<object, object?>>? late = null;
            for (int left = reader.Count(_keys.MinimumSize + _values.MinimumSize); left > 0; left--)
            {
                bool isLate = late is not null;
                object key = _keys.ReadKey(ref reader, ref isLate) ?? throw new InvalidDataException("The message has a dictionary with null as a key.");
                object? value = _values.Read(ref reader);
                if (isLate)
                {
                    (late ??= []).Add(new(key, value));
                }
                else
                {
                    dictionary.Add(key, value);
                }
            }

            if (late is not null)
            {
                reader.Received.AtEnd(() => late.ForEach(entry => dictionary.Add(entry.Key, entry.Value)));
            }

            return dictionary;
        }
    }
}
