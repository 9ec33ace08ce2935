using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.Specialized;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Multiprocessing;

/// <summary>Types of the framework whose state is not what their properties show.</summary>
internal static class FrameworkConverters
{
    /// <summary>Collections that hold anything, and are whole in their elements.</summary>
    private static readonly Type[] s_untyped = [typeof(ArrayList), typeof(Hashtable), typeof(Queue), typeof(Stack), typeof(StringCollection)];

    internal static bool IsWholeInItsElements(Type type) => type.IsGenericType || s_untyped.Contains(type) || !Refusals.IsOfFramework(type);

    /// <summary>Whether it shows its elements from the last that was added to the first.</summary>
    internal static bool IsStack(Type type)
    {
        for (Type? current = type; current is not null; current = current.BaseType)
        {
            if (current == typeof(Stack) || (current.IsConstructedGenericType && current.GetGenericTypeDefinition() is var definition
                && (definition == typeof(Stack<>) || definition == typeof(ConcurrentStack<>) || definition == typeof(ConcurrentBag<>) || definition == typeof(ImmutableStack<>))))
            {
                return true;
            }
        }

        return false;
    }

    internal static bool IsFrozen(Type type) =>
        type.IsConstructedGenericType && (type.GetGenericTypeDefinition() == typeof(FrozenDictionary<,>) || type.GetGenericTypeDefinition() == typeof(FrozenSet<>));

    /// <returns>Null for every other type.</returns>
    internal static Converter? Find(Type type)
    {
        if (type.IsValueType)
        {
            return OfStructure(type);
        }

        for (Type? current = type.BaseType; current is not null; current = current.BaseType)
        {
            if (IsFrozen(current))
            {
                return Converters.Of(current); // its own class is one of many, chosen by what is in it
            }
        }

        return type == typeof(Uri) ? Text<Uri>(u => $"{(u.IsAbsoluteUri ? 'a' : 'r')}{u.OriginalString}", s => new Uri(s[1..], s[0] == 'a' ? UriKind.Absolute : UriKind.Relative))
            : type == typeof(Version) ? Text<Version>(v => v.ToString(), Version.Parse)
            : type == typeof(CultureInfo) ? Text<CultureInfo>(NameOf, CultureInfo.GetCultureInfo)
            : typeof(IPAddress).IsAssignableFrom(type) && type.Assembly == typeof(IPAddress).Assembly ? Text<IPAddress>(a => a.ToString(), IPAddress.Parse)
            : type == typeof(DBNull) ? Text<DBNull>(_ => "", _ => DBNull.Value)
            : type == typeof(StringBuilder) ? Text<StringBuilder>(b => b.ToString(), s => new StringBuilder(s), hasIdentity: true)
            : type == typeof(Regex) ? new RegexConverter()
            : type == typeof(BitArray) ? new BitArrayConverter()
            : type == typeof(NameValueCollection) ? new NameValueConverter()
            : null;
    }

    private static Converter? OfStructure(Type type) =>
        type == typeof(BigInteger) ? new BigIntegerConverter()
        : type == typeof(CancellationToken) ? new CancellationTokenConverter()
        : type == typeof(ReadOnlyMemory<byte>) ? MemoryConverter.OfReadOnlyMemory(new RawSlot<byte>())
        : type == typeof(Memory<byte>) ? MemoryConverter.OfMemory(new RawSlot<byte>())
        : type == typeof(ArraySegment<byte>) ? MemoryConverter.OfSegment(new RawSlot<byte>())
        : null;

    private static string NameOf(CultureInfo culture) =>
        culture.IsReadOnly ? culture.Name : throw new RefusedException(typeof(CultureInfo), new Refusal("it may have been changed since it was made", "send its name, and change it {there}"));

    private static TextConverter<T> Text<T>(Func<T, string> write, Func<string, T> read, bool hasIdentity = false) => new(write, read, hasIdentity);

    private sealed class TextConverter<T>(Func<T, string> write, Func<string, T> read, bool hasIdentity) : Converter<T>
    {
        internal override bool HasIdentity => hasIdentity;

        internal override int MinimumSize => sizeof(int);

        internal override void Write(WireWriter writer, T value) => writer.String(write(value));

        internal override T Read(ref WireReader reader, int number) => read(reader.String());
    }

    private sealed class RegexConverter : Converter<Regex>
    {
        internal override bool HasIdentity => false;

        internal override void Write(WireWriter writer, Regex value)
        {
            writer.String(value.ToString());
            writer.Int32((int)value.Options);
            writer.Unmanaged(value.MatchTimeout);
        }

        internal override Regex Read(ref WireReader reader, int number) => new(reader.String(), (RegexOptions)reader.Int32(), reader.Unmanaged<TimeSpan>());
    }

    private sealed class BigIntegerConverter : Converter<BigInteger>
    {
        internal override int MinimumSize => sizeof(int);

        internal override void Write(WireWriter writer, BigInteger value)
        {
            int size = value.GetByteCount();
            writer.Int32(size);
            value.TryWriteBytes(writer.Space(size), out _);
        }

        internal override BigInteger Read(ref WireReader reader, int number) => new(reader.Bytes());
    }

    private sealed class BitArrayConverter : Converter<BitArray>
    {
        internal override void Write(WireWriter writer, BitArray value)
        {
            byte[] bytes = new byte[(value.Length + 7) / 8];
            value.CopyTo(bytes, 0);
            writer.Int32(value.Length);
            writer.Raw(bytes);
        }

        internal override BitArray Read(ref WireReader reader, int number)
        {
            int length = reader.Int32();
            return length < 0 ? throw new InvalidDataException($"The message announces {length} bits.") : new BitArray(reader.Raw((int)((length + 7L) / 8)).ToArray()) { Length = length };
        }
    }

    /// <summary>Names that may have several values, or none.</summary>
    private sealed class NameValueConverter : Converter<NameValueCollection>
    {
        internal override void Write(WireWriter writer, NameValueCollection value)
        {
            // Its comparer is hidden; one that takes two names for the same is the usual one, and the other that is usual does not.
            NameValueCollection probe = new(value) { ["\u00e4"] = "" };
            if (probe["\u00c4"] is null || value.GetType() != typeof(NameValueCollection))
            {
                throw new RefusedException(typeof(NameValueCollection), Refusals.AgainstComparer);
            }

            writer.Int32(value.Count);
            for (int i = 0; i < value.Count; i++)
            {
                string[]? values = value.GetValues(i);
                writer.String(value.GetKey(i));
                writer.Int32(values?.Length ?? 0);
                foreach (string text in values ?? [])
                {
                    writer.String(text);
                }
            }
        }

        internal override NameValueCollection Read(ref WireReader reader, int number)
        {
            NameValueCollection value = [];
            for (int left = reader.Count(2 * sizeof(int)); left > 0; left--)
            {
                string? name = reader.NullableString();
                int texts = reader.Count(sizeof(int));
                if (texts == 0)
                {
                    value.Add(name, null);
                }

                for (; texts > 0; texts--)
                {
                    value.Add(name, reader.NullableString());
                }
            }

            return value;
        }
    }

    /// <summary>One that nobody can cancel needs no state to arrive.</summary>
    private sealed class CancellationTokenConverter : Converter<CancellationToken>
    {
        internal override void Write(WireWriter writer, CancellationToken value) =>
            writer.Byte(value.CanBeCanceled ? throw new RefusedException(typeof(CancellationToken), Refusals.Against(typeof(CancellationToken))!) : (byte)0);

        internal override CancellationToken Read(ref WireReader reader, int number)
        {
            reader.Byte();
            return CancellationToken.None;
        }
    }
}
