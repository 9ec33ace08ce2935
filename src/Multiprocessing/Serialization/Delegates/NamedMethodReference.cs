using System.Reflection;

namespace Multiprocessing;

/// <summary>A method by its type, its name and its parameters' types: how it is found where there are no metadata tokens (Native AOT).</summary>
internal static class NamedMethodReference
{
    private const BindingFlags Declared = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <exception cref="NotSerializableException">The compiler left out what the method is found by.</exception>
    internal static void Write(WireWriter writer, MethodInfo method)
    {
        Type type = method.DeclaringType!;
        MethodInfo general = method.IsGenericMethod ? method.GetGenericMethodDefinition() : method;
        string signature = SignatureOf(general);
        if (Find(type, signature) is null)
        {
            throw new NotSerializableException(Subject.Target, type, KeptMembers.RefusalOf(type));
        }

        TypeReference.Write(writer, type);
        writer.String(signature);
        TypeReference.WriteAll(writer, method.IsGenericMethod ? method.GetGenericArguments() : []);
    }

    internal static MethodInfo Read(ref WireReader reader)
    {
        Type type = TypeReference.Read(ref reader);
        string signature = reader.String();
        Type[] arguments = TypeReference.ReadAll(ref reader);
        MethodInfo method = Find(type, signature) ?? throw new InvalidDataException($"{type} has no method '{signature}'.");
        return arguments.Length > 0 ? method.MakeGenericMethod(arguments) : method;
    }

    private static MethodInfo? Find(Type type, string signature)
    {
        foreach (MethodInfo method in type.GetMethods(Declared))
        {
            if (SignatureOf(method) == signature)
            {
                return method;
            }
        }

        return null;
    }

    /// <summary>As the runtime puts it: result, name, type parameters, parameter types.</summary>
    private static string SignatureOf(MethodInfo method) => method.ToString()!;
}
