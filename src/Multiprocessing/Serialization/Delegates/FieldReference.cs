using System.Reflection;

namespace Multiprocessing;

/// <summary>A field by its declaring type's place in the inheritance chain and its name.</summary>
internal static class FieldReference
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    internal static void Write(WireWriter writer, FieldInfo field)
    {
        writer.Byte(DepthOf(field.DeclaringType!));
        writer.String(field.Name);
    }

    internal static FieldInfo Read(ref WireReader reader, Type type)
    {
        byte depth = reader.Byte();
        string name = reader.String();
        return Find(type, depth, name) ?? throw new InvalidDataException($"{type} has no field '{name}'.");
    }

    internal static FieldInfo? Find(Type type, byte depth, string name)
    {
        Type? declaring = type;
        while (declaring is not null && DepthOf(declaring) > depth)
        {
            declaring = declaring.BaseType;
        }

        return declaring?.GetField(name, Declared);
    }

    /// <summary>How many base classes a type has.</summary>
    internal static byte DepthOf(Type type)
    {
        byte depth = 0;
        for (Type? current = type.BaseType; current is not null; current = current.BaseType)
        {
            depth++;
        }

        return depth;
    }
}
