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
                return Read(ref reader).MakeArrayType();
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
            WireWriter expected = new();
            Write(expected, type);
            if (reader.TryTake(expected.Written))
            {
                return type;
            }
        }

        throw new InvalidDataException(
            $"A child that runs as another user may return only what was asked for ({string.Join(", ", asked.Select(TypeNames.Display))}), exactly, since it must not choose types that this process then makes; ask for that type, or let it return text.");
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
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or NotSupportedException)
        {
            throw new InvalidDataException($"The message names a type that does not exist here: {exception.Message}", exception);
        }
    }
}
