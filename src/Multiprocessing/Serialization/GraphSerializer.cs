using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Multiprocessing;

/// <summary>
/// Object graphs, by System.Text.Json. It is strict: a type whose state would not arrive whole is refused, never cut short in silence.
/// </summary>
internal static class GraphSerializer
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        IncludeFields = true,
        IgnoreReadOnlyProperties = false,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PreferredObjectCreationHandling = JsonObjectCreationHandling.Replace,
        MaxDepth = 256,
        Converters = { new RuntimeTypeConverter() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { RefuseWhatWouldNotArrive } },
    };

    /// <returns>The type to rebuild the value as, and its bytes.</returns>
    internal static (Type Type, byte[] Bytes) Serialize(object value, Type declared, in Subject subject)
    {
        Type type = value.GetType();
        try
        {
            if (value is CancellationToken { CanBeCanceled: false })
            {
                return (typeof(NoCancellation), "{}"u8.ToArray());
            }

            if (!CanBeRebuilt(type) && declared.IsInterface && CanBeRebuilt(declared))
            {
                type = declared; // a lazy or compiler-made sequence arrives as the collection that it is declared as
            }

            return (type, JsonSerializer.SerializeToUtf8Bytes(value, s_options.GetTypeInfo(type)));
        }
        catch (RefusedException refused)
        {
            string reason = refused.Type == value.GetType() ? refused.Reason : $"it holds a {TypeNames.Display(refused.Type)}, and {refused.Reason}";
            throw new NotSerializableException(subject, value.GetType(), reason, refused);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new NotSerializableException(subject, value.GetType(), exception.Message.TrimEnd('.'), exception);
        }
    }

    /// <exception cref="InvalidDataException">The bytes do not make such a value.</exception>
    internal static object? Deserialize(Type type, ReadOnlySpan<byte> bytes)
    {
        if (type == typeof(NoCancellation))
        {
            return CancellationToken.None;
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, s_options.GetTypeInfo(type));
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or RefusedException)
        {
            throw new InvalidDataException($"The message does not hold a {TypeNames.Display(type)}: {exception.Message}", exception);
        }
    }

    private static bool CanBeRebuilt(Type type)
    {
        JsonTypeInfo info = s_options.GetTypeInfo(type);
        return info.Kind is JsonTypeInfoKind.None or JsonTypeInfoKind.Object
            || info.CreateObject is not null
            || type.IsArray
            || type.IsInterface
            || type.Namespace == "System.Collections.Immutable";
    }

    /// <summary>Runs once for each type in a graph.</summary>
    private static void RefuseWhatWouldNotArrive(JsonTypeInfo info)
    {
        if (Refusals.Against(info.Type) is { } reason)
        {
            throw new RefusedException(info.Type, reason);
        }

        if (info.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        HashSet<string> covered = new(StringComparer.OrdinalIgnoreCase);
        foreach (JsonPropertyInfo property in info.Properties)
        {
            if (property.AttributeProvider is MemberInfo member && (property.Set is not null || property.AssociatedParameter is not null))
            {
                covered.Add(member.Name);
            }
        }

        for (Type? type = info.Type; type is not null && type != typeof(object) && type != typeof(ValueType); type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (!covered.Contains(PlainName(field)) && !IsLeftOutOnPurpose(field))
                {
                    throw new RefusedException(info.Type, $"its {Describe(field)} can be neither read nor set from outside, so it would be lost; make it a public property, or send a type without it");
                }
            }
        }

        // The contract of a base class would drop what a derived one adds.
        info.OnSerializing += instance =>
        {
            if (instance.GetType() != info.Type)
            {
                throw new RefusedException(instance.GetType(), $"it stands where a {TypeNames.Display(info.Type)} is declared, whose fields alone would arrive; declare it as {TypeNames.Display(instance.GetType())}, as an interface or as an abstract class");
            }
        };
    }

    /// <summary>"Name" for a field that is called Name, _name or m_name, or that the compiler made for it.</summary>
    private static string PlainName(FieldInfo field)
    {
        string name = Subject.PlainName(field);
        return name.StartsWith("m_", StringComparison.Ordinal) ? name[2..] : name.TrimStart('_');
    }

    private static bool IsLeftOutOnPurpose(FieldInfo field) =>
        field.IsDefined(typeof(JsonIgnoreAttribute))
        || field.IsDefined(typeof(NonSerializedAttribute))
        || field.DeclaringType!.GetProperty(PlainName(field), BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.IgnoreCase)
            ?.IsDefined(typeof(JsonIgnoreAttribute)) == true;

    private static string Describe(FieldInfo field) =>
        field.Name.StartsWith('<') ? $"property '{PlainName(field)}'" : $"field '{field.Name}'";

    /// <summary>Stands for a token that nobody can cancel; it needs no state to arrive.</summary>
    private sealed record NoCancellation;
}

/// <summary>A type in a graph cannot cross. Turned into a <see cref="NotSerializableException"/> where the graph's owner is known.</summary>
internal sealed class RefusedException(Type type, string reason) : Exception($"{TypeNames.Display(type)}: {reason}")
{
    internal Type Type => type;

    internal string Reason => reason;
}
