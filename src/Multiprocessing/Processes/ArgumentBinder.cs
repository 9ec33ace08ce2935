using System.Reflection;

namespace Multiprocessing;

/// <summary>Arguments by position and by name, as Python's args and kwargs, to the parameters of a method.</summary>
internal static class ArgumentBinder
{
    /// <exception cref="ArgumentException">An argument is missing, given twice, of the wrong type, or one too many; the message names it.</exception>
    internal static object?[] Bind(Delegate target, IReadOnlyList<object?> args, IReadOnlyDictionary<string, object?>? kwargs)
    {
        ParameterInfo[] parameters = target.GetType().GetMethod("Invoke")!.GetParameters();
        ParameterInfo[] named = NamedParameters(target, parameters);
        if (args.Count > parameters.Length)
        {
            throw new ArgumentException($"{MethodDescription.AtStart(target.Method)} takes {parameters.Length} arguments, but {args.Count} are given.", nameof(args));
        }

        Dictionary<string, object?> left = kwargs is null ? [] : new(kwargs, StringComparer.Ordinal);
        object?[] bound = new object?[parameters.Length];
        for (int i = 0; i < parameters.Length; i++)
        {
            string name = named[i].Name ?? "";
            bool byName = left.Remove(name, out object? value);
            if (i < args.Count)
            {
                if (byName)
                {
                    throw new ArgumentException($"The argument '{name}' is given by position and by name.", nameof(kwargs));
                }

                value = args[i];
            }
            else if (!byName)
            {
                if (!named[i].HasDefaultValue)
                {
                    throw new ArgumentException($"The argument '{name}' of {MethodDescription.Of(target.Method)} is missing.", nameof(args));
                }

                value = named[i].DefaultValue;
            }

            RefuseWrongType(parameters[i].ParameterType, name, value);
            bound[i] = value;
        }

        return left.Count == 0
            ? bound
            : throw new ArgumentException($"{MethodDescription.AtStart(target.Method)} has no parameter '{left.Keys.First()}'.", nameof(kwargs));
    }

    /// <summary>Names and defaults stand at the method; a delegate type has its own names, such as "arg1".</summary>
    private static ParameterInfo[] NamedParameters(Delegate target, ParameterInfo[] parameters)
    {
        ParameterInfo[] ofMethod = target.Method.GetParameters();
        return ofMethod.Length == parameters.Length ? ofMethod : ofMethod[^parameters.Length..]; // one may be bound already
    }

    private static void RefuseWrongType(Type type, string name, object? value)
    {
        bool fits = value is null
            ? !type.IsValueType || Nullable.GetUnderlyingType(type) is not null
            : type.IsInstanceOfType(value) || (type.IsPrimitive && value.GetType().IsPrimitive && CanWiden(value, type));
        if (!fits)
        {
            throw new ArgumentException($"The argument '{name}' must be a {TypeNames.Display(type)}, but is {(value is null ? "null" : $"a {TypeNames.Display(value.GetType())}")}.", nameof(value));
        }
    }

    /// <summary>By the rules of reflection, by which the child will call: an int is a long, too, but not a byte.</summary>
    private static bool CanWiden(object value, Type type)
    {
        try
        {
            Array.CreateInstance(type, 1).SetValue(value, 0);
            return true;
        }
        catch (Exception exception) when (exception is InvalidCastException or ArgumentException)
        {
            return false;
        }
    }
}
