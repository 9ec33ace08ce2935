using System.Reflection;

namespace Multiprocessing;

/// <summary>Types by name, for the other process and for people.</summary>
/// <remarks>Types are named between a parent and its own child only, which run the same program with the same credentials.</remarks>
internal static class TypeNames
{
    private static readonly Assembly s_core = typeof(object).Assembly;

    /// <summary>The name under which the other process finds the type.</summary>
    internal static string Of(Type type) =>
        (type.Assembly == s_core && !type.IsConstructedGenericType ? type.FullName : type.AssemblyQualifiedName)
        ?? throw new NotSerializableException(Subject.Target, type, new Refusal("it is not a complete type", "use one whose type arguments are known"));

    /// <exception cref="InvalidDataException">There is no such type here.</exception>
    internal static Type Find(string name)
    {
        try
        {
            return Type.GetType(name, throwOnError: true)!;
        }
        catch (Exception exception) when (exception is TypeLoadException or IOException or BadImageFormatException or ArgumentException)
        {
            throw new InvalidDataException($"The type '{name}' cannot be found in this process: {exception.Message}", exception);
        }
    }

    /// <summary>The name as C# has it, without namespaces: "Dictionary&lt;String, Int32&gt;".</summary>
    internal static string Display(Type type)
    {
        if (typeof(Type).IsAssignableFrom(type))
        {
            return nameof(Type); // the runtime's own class of types has a name that nobody has written
        }

        if (type.IsArray)
        {
            return $"{Display(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (!type.IsGenericType)
        {
            return type.Name;
        }

        int tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        string arguments = string.Join(", ", type.GetGenericArguments().Select(Display));
        return $"{(tick < 0 ? type.Name : type.Name[..tick])}<{arguments}>";
    }

    /// <summary>"an ILogger", "a Stream".</summary>
    internal static string Article(Type type)
    {
        string name = Display(type);
        return $"{("AEIO".Contains(name[0], StringComparison.OrdinalIgnoreCase) ? "an" : "a")} {name}";
    }
}
