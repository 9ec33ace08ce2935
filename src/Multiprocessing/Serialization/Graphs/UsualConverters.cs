namespace Multiprocessing;

/// <summary>The collections that nearly every message has.</summary>
internal static class UsualConverters
{
    internal static Converter Array<T>() => new ArrayConverter<T>(ConverterBuilder.SlotOf<T>());

    internal static Converter List<T>() => new ListConverter<T>(ConverterBuilder.SlotOf<T>());

    internal static Converter Set<T>() => new SetConverter<T>(ConverterBuilder.SlotOf<T>());

    internal static Converter Dictionary<TKey, TValue>()
        where TKey : notnull => new UsualDictionaryConverter<TKey, TValue>(ConverterBuilder.SlotOf<TKey>(), ConverterBuilder.SlotOf<TValue>());

    internal static Converter Nullable<T>()
        where T : struct => new NullableConverter<T>(ConverterBuilder.SlotOf<T>());

    private sealed class NullableConverter<T>(Slot<T> slot) : Converter<T?>
        where T : struct
    {
        internal override bool IsLeaf => slot.IsLeaf;

        internal override void Write(WireWriter writer, T? value)
        {
            writer.Bool(value.HasValue);
            if (value.HasValue)
            {
                slot.Write(writer, value.GetValueOrDefault());
            }
        }

        internal override T? Read(ref WireReader reader, int number) => reader.Bool() ? slot.Read(ref reader) : null;
    }

    private sealed class SetConverter<T>(Slot<T> slot) : Converter<HashSet<T>>
    {
        private readonly Comparers _comparers = new(typeof(HashSet<T>));

        internal override bool IsLeaf => slot.IsLeaf;

        internal override bool CanHoldItself => true;

        internal override int MinimumSize => sizeof(int) + 1;

        internal override void Write(WireWriter writer, HashSet<T> value)
        {
            writer.Byte(value.Comparer == EqualityComparer<T>.Default ? (byte)0 : _comparers.NumberFor(value));
            writer.Int32(value.Count);
            foreach (T item in value)
            {
                slot.Write(writer, item);
            }
        }

        internal override HashSet<T> Read(ref WireReader reader, int number)
        {
            IEqualityComparer<T>? comparer = Comparers.Of<T>(reader.Byte());
            int count = reader.Count(slot.MinimumSize);
            HashSet<T> set = new(count, comparer);
            if (number >= 0)
            {
                reader.Received.Set(number, set);
            }

            List<T>? late = null;
            for (int i = 0; i < count; i++)
            {
                bool isLate = late is not null;
                T item = slot.ReadKey(ref reader, ref isLate)!;
                if (isLate)
                {
                    (late ??= []).Add(item);
                }
                else
                {
                    set.Add(item);
                }
            }

            if (late is not null)
            {
                FillAtEnd(reader.Received, set, late);
            }

            return set;
        }

        /// <summary>Apart from its caller, where the compiler would make the lambda's object for every set.</summary>
        private static void FillAtEnd(ReceivedObjects received, HashSet<T> set, List<T> late) => received.AtEnd(() => set.UnionWith(late));
    }

    private sealed class UsualDictionaryConverter<TKey, TValue>(Slot<TKey> keys, Slot<TValue> values) : Converter<Dictionary<TKey, TValue>>
        where TKey : notnull
    {
        private readonly Comparers _comparers = new(typeof(Dictionary<TKey, TValue>));

        internal override bool IsLeaf => keys.IsLeaf && values.IsLeaf;

        internal override bool CanHoldItself => true;

        internal override int MinimumSize => sizeof(int) + 1;

        internal override void Write(WireWriter writer, Dictionary<TKey, TValue> value)
        {
            writer.Byte(value.Comparer == EqualityComparer<TKey>.Default ? (byte)0 : _comparers.NumberFor(value));
            writer.Int32(value.Count);
            foreach ((TKey key, TValue content) in value)
            {
                keys.Write(writer, key);
                values.Write(writer, content);
            }
        }

        internal override Dictionary<TKey, TValue> Read(ref WireReader reader, int number)
        {
            IEqualityComparer<TKey>? comparer = Comparers.Of<TKey>(reader.Byte());
            int count = reader.Count(keys.MinimumSize + values.MinimumSize);
            Dictionary<TKey, TValue> dictionary = new(count, comparer);
            if (number >= 0)
            {
                reader.Received.Set(number, dictionary);
            }

            List<KeyValuePair<TKey, TValue>>? late = null;
            for (int i = 0; i < count; i++)
            {
                bool isLate = late is not null;
                TKey key = keys.ReadKey(ref reader, ref isLate) ?? throw new InvalidDataException("The message has a dictionary with null as a key.");
                TValue value = values.Read(ref reader)!;
                if (isLate)
                {
                    (late ??= []).Add(new(key, value));
                }
                else
                {
                    dictionary[key] = value;
                }
            }

            if (late is not null)
            {
                FillAtEnd(reader.Received, dictionary, late);
            }

            return dictionary;
        }

        private static void FillAtEnd(ReceivedObjects received, Dictionary<TKey, TValue> dictionary, List<KeyValuePair<TKey, TValue>> late) =>
            received.AtEnd(() => late.ForEach(entry => dictionary[entry.Key] = entry.Value));
    }
}
