using System.Collections.Concurrent;
using System.Reflection;

namespace Multiprocessing;

/// <summary>A type in a message, in the shortest form that the other process finds it by.</summary>
/// <remarks>
/// Finding a type by its name makes the runtime parse it, which costs a child more than all the rest of its message. So the types of
/// nearly every start (delegates, closures of the program itself) go by a number or a metadata token, and only the others by name.
/// </remarks>
internal static class TypeReference
{
    private enum Kind : byte
    {
        Known,
        Constructed,
        Array,

        /// <summary>A type of the program's own assembly.</summary>
        Token,
        Name,
    }

    /// <summary>So many types are kept with their references; what a program sends is far fewer.</summary>
    private const int MaximumKept = 4096;

    /// <summary>Stands for a type that has no number in this value yet.</summary>
    private const byte New = byte.MaxValue;

    private static readonly ConcurrentDictionary<Type, byte[]> s_references = new();
    private static readonly ConcurrentDictionary<byte[], Type> s_types = new(ByReference.Instance);
    private static readonly ConcurrentDictionary<byte[], Type>.AlternateLookup<ReadOnlySpan<byte>> s_typesBySpan = s_types.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>The type of an object, which may well come again in the same value: then only its number is written.</summary>
    internal static void WriteNumbered(WireWriter writer, Type type)
    {
        int number = writer.Sent.NumberOf(type);
        writer.Byte(number < 0 ? New : (byte)number);
        if (number < 0)
        {
            writer.Bytes(Of(type));
        }
    }

    /// <exception cref="InvalidDataException">There is no such type here, or the peer may not name it.</exception>
    internal static Type ReadNumbered(ref WireReader reader)
    {
        byte number = reader.Byte();
        List<Type> types = reader.Received.Types;
        if (number != New)
        {
            return number < types.Count ? types[number] : throw new InvalidDataException("The message refers to a type that it does not have.");
        }

        ReadOnlySpan<byte> reference = reader.Bytes();
        Type type = reader.Asked is { } asked ? FindAsked(reference, asked) : Find(reference);
        if (types.Count < ReceivedObjects.MaximumTypes)
        {
            types.Add(type);
        }

        return type;
    }

    private static byte[] Of(Type type)
    {
        if (!s_references.TryGetValue(type, out byte[]? reference))
        {
            WireWriter writer = new();
            Write(writer, type);
            reference = writer.Written.ToArray();
            if (s_references.Count < MaximumKept)
            {
                s_references.TryAdd(type, reference);
            }
        }

        return reference;
    }

    private static Type Find(ReadOnlySpan<byte> reference)
    {
        if (s_typesBySpan.TryGetValue(reference, out Type? type))
        {
            return type;
        }

        byte[] copy = reference.ToArray(); // what is kept is what was looked for, even if the sender can still write there
        WireReader reader = new(copy);
        type = Read(ref reader);
        if (reader.Left > 0)
        {
            throw new InvalidDataException("The message has a type with something behind it.");
        }

        if (s_types.Count < MaximumKept)
        {
            s_types.TryAdd(copy, type);
        }

        return type;
    }

    private static Type FindAsked(ReadOnlySpan<byte> reference, Type[] asked)
    {
        foreach (Type type in asked)
        {
            if (reference.SequenceEqual(Of(type)))
            {
                return type;
            }
        }

        throw NotAsked(asked);
    }

    internal static void Write(WireWriter writer, Type type)
    {
        if (KnownTypes.Numbers.TryGetValue(type, out byte known))
        {
            writer.Byte((byte)Kind.Known);
            writer.Byte(known);
        }
        else if (type.IsConstructedGenericType)
        {
            writer.Byte((byte)Kind.Constructed);
            Write(writer, type.GetGenericTypeDefinition());
            WriteAll(writer, type.GetGenericArguments());
        }
        else if (type.IsSZArray)
        {
            writer.Byte((byte)Kind.Array);
            Write(writer, type.GetElementType()!);
        }
        else if (type.Module == ModuleReference.Program && !type.HasElementType && type.HasMetadataToken())
        {
            writer.Byte((byte)Kind.Token);
            ModuleReference.Write(writer, type.Module);
            writer.Int32(type.MetadataToken);
        }
        else
        {
            writer.Byte((byte)Kind.Name);
            writer.String(TypeNames.Of(type));
        }
    }

    /// <exception cref="InvalidDataException">There is no such type here.</exception>
    internal static Type Read(ref WireReader reader)
    {
        if (reader.Asked is { } asked)
        {
            return ReadAsked(ref reader, asked);
        }

        reader.Enter();
        Type type = ReadAny(ref reader);
        reader.Leave();
        return type;
    }

    private static Type ReadAny(ref WireReader reader)
    {
        switch ((Kind)reader.Byte())
        {
            case Kind.Known:
                byte known = reader.Byte();
                return KnownTypes.Find(known) ?? throw new InvalidDataException($"The message names the unknown type {known}.");
            case Kind.Constructed:
                Type definition = Read(ref reader);
                Type[] arguments = ReadAll(ref reader);
                return Resolve(() => definition.MakeGenericType(arguments));
            case Kind.Array:
                Type element = Read(ref reader);
                return Resolve(() => element.MakeArrayType());
            case Kind.Token:
                Module module = ModuleReference.Read(ref reader);
                int token = reader.Int32();
                return Resolve(() => module.ResolveType(token));
            case Kind.Name:
                return TypeNames.Find(reader.String());
            case var kind:
                throw new InvalidDataException($"The message has a type of the unknown kind {(byte)kind}.");
        }
    }

    /// <summary>A type, and those that it is made of.</summary>
    internal static Type[] PartsOf(Type type)
    {
        IEnumerable<Type> parts = type.HasElementType ? [type.GetElementType()!] : type.GetGenericArguments();
        return [type, .. parts.SelectMany(PartsOf)];
    }

    /// <summary>What was asked for, and what it is made of, by its bytes: no name of the peer's is looked up, no assembly loaded.</summary>
    private static Type ReadAsked(ref WireReader reader, Type[] asked)
    {
        foreach (Type type in asked)
        {
            if (reader.TryTake(Of(type)))
            {
                return type;
            }
        }

        throw NotAsked(asked);
    }

    private static InvalidDataException NotAsked(Type[] asked) => new(
        $"A child that runs as another user, or a peer that is not trusted, may send only what was asked for ({string.Join(", ", asked.Select(TypeNames.Display))}), exactly, since it must not choose types that this process then makes; ask for that type, or let it send text.");

    /// <summary>The type of an array's elements. Those that have a tag of their own may be named by anybody.</summary>
    internal static Type ReadElement(ref WireReader reader)
    {
        if (reader.Asked is not null)
        {
            WireReader ahead = reader;
            if ((Kind)ahead.Byte() == Kind.Known && KnownTypes.Find(ahead.Byte()) is { } known && (Type.GetTypeCode(known) != TypeCode.Object || known == typeof(object)))
            {
                reader.Byte();
                reader.Byte();
                return known;
            }
        }

        return Read(ref reader);
    }

    internal static void WriteAll(WireWriter writer, Type[] types)
    {
        writer.Int32(types.Length);
        foreach (Type type in types)
        {
            Write(writer, type);
        }
    }

    internal static Type[] ReadAll(ref WireReader reader)
    {
        int count = reader.Count();
        Type[] types = count == 0 ? [] : new Type[count];
        for (int i = 0; i < count; i++)
        {
            types[i] = Read(ref reader);
        }

        return types;
    }

    private static Type Resolve(Func<Type> find)
    {
        try
        {
            return find();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or NotSupportedException or TypeLoadException or IOException or BadImageFormatException)
        {
            throw new InvalidDataException($"The message names a type that does not exist here: {exception.Message}", exception);
        }
    }

    private sealed class ByReference : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        internal static readonly ByReference Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode((ReadOnlySpan<byte>)obj);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            HashCode hash = default;
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
