using System.Reflection;

namespace Multiprocessing;

/// <summary>A method by its assembly and metadata token. Both processes run the same files; the module's version ID proves it.</summary>
/// <remarks>A program compiled ahead of time has no tokens. There a method goes by its type, its name and its parameters' types.</remarks>
internal static class MethodReference
{
    internal static void Write(WireWriter writer, MethodInfo method)
    {
        bool hasToken = method.HasMetadataToken();
        writer.Bool(hasToken);
        if (!hasToken)
        {
            NamedMethodReference.Write(writer, method);
            return;
        }

        ModuleReference.Write(writer, method.Module);
        writer.Int32(method.MetadataToken);
        TypeReference.WriteAll(writer, method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : []);
        TypeReference.WriteAll(writer, method.IsGenericMethod ? method.GetGenericArguments() : []);
    }

    internal static MethodInfo Read(ref WireReader reader)
    {
        if (!reader.Bool())
        {
            return NamedMethodReference.Read(ref reader);
        }

        Module module = ModuleReference.Read(ref reader);
        int token = reader.Int32();
        Type[] typeArguments = TypeReference.ReadAll(ref reader);
        Type[] methodArguments = TypeReference.ReadAll(ref reader);
        try
        {
            MethodBase? method = module.ResolveMethod(token);
            if (method is not null && typeArguments.Length > 0)
            {
                method = MethodBase.GetMethodFromHandle(method.MethodHandle, method.DeclaringType!.MakeGenericType(typeArguments).TypeHandle);
            }

            return method is not MethodInfo result
                ? throw new InvalidDataException($"The message names the token 0x{token:x} of {module}, which is not a method.")
                : methodArguments.Length > 0 ? result.MakeGenericMethod(methodArguments) : result;
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"The message names the token 0x{token:x} of {module}, which is not a method.", exception);
        }
    }
}
