using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Multiprocessing;

/// <summary>
/// Object graphs, by System.Text.Json. It is strict: a type whose state would not arrive whole is refused, never cut short in silence.
/// </summary>
internal static class GraphSerializer
{
    private const int MaxDepth = 256;

    private static readonly JsonSerializerOptions s_options = Options(new RuntimeTypeConverter());

    private static readonly Lazy<JsonSerializerOptions> s_declaredOnly = new(() => Options());

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
            Refusal refusal = refused.Type == value.GetType() ? refused.Refusal : refused.Refusal with { Reason = $"it holds {TypeNames.Article(refused.Type)}, and {refused.Refusal.Reason}" };
            throw new NotSerializableException(subject, value.GetType(), refusal, refused);
        }
        catch (JsonException exception) when (exception.Path?.Length > MaxDepth)
        {
            throw new NotSerializableException(subject, value.GetType(), new Refusal($"it holds itself, or is nested more than {MaxDepth} deep", "leave out what points back, or send a flat list"), exception);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new NotSerializableException(subject, value.GetType(), RefusalOf(exception), exception);
        }
    }

    /// <exception cref="InvalidDataException">The bytes do not make such a value.</exception>
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(List<>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(Dictionary<,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(HashSet<>))]
    internal static object? Deserialize(Type type, ReadOnlySpan<byte> bytes, bool mayNameTypes)
    {
        if (type == typeof(NoCancellation))
        {
            return CancellationToken.None;
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, (mayNameTypes ? s_options : s_declaredOnly.Value).GetTypeInfo(type));
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or RefusedException)
        {
            throw new InvalidDataException($"The message does not hold a {TypeNames.Display(type)}: {exception.Message}", exception);
        }
    }

    /// <summary>The serializer makes its code for most types as it goes, which a program compiled ahead of time cannot.</summary>
    private static Refusal RefusalOf(Exception exception) => exception is JsonException || RuntimeFeature.IsDynamicCodeSupported
        ? new Refusal($"the serializer says: {exception.Message.TrimEnd('.')}", "send arrays, lists and types of public properties instead")
        : new Refusal("a program compiled ahead of time (Native AOT) has code only for strings, numbers, arrays of them, and classes with a parameterless constructor and settable properties that are strings or numbers", "send one of those instead");

    private static JsonSerializerOptions Options(params JsonConverter[] converters)
    {
        JsonSerializerOptions options = new()
        {
            IncludeFields = true,
            IgnoreReadOnlyProperties = false,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            PreferredObjectCreationHandling = JsonObjectCreationHandling.Replace,
            MaxDepth = MaxDepth,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { RefuseWhatWouldNotArrive } },
        };
        Array.ForEach(converters, options.Converters.Add);
        return options;
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
        if (Refusals.Against(info.Type) is { } refusal)
        {
            throw new RefusedException(info.Type, refusal);
        }

        if (info.Kind is JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary)
        {
            RefuseStateBesideElements(info);
        }

        if (info.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        if (KeptMembers.AreMissing(info.Type))
        {
            throw new RefusedException(info.Type, KeptMembers.RefusalOf(info.Type));
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
                    throw new RefusedException(info.Type, Refusals.AgainstHidden(field, info.Type));
                }
            }
        }

        if (!CanBeMadeAgain(info))
        {
            throw new RefusedException(info.Type, Refusals.AgainstConstructor(info.Type));
        }

        // The contract of a base class would drop what a derived one adds.
        info.OnSerializing += instance =>
        {
            if (instance.GetType() != info.Type)
            {
                throw new RefusedException(instance.GetType(), new Refusal(
                    $"it stands where {TypeNames.Article(info.Type)} is declared, whose fields alone would arrive",
                    $"declare it as {TypeNames.Display(instance.GetType())}, as an interface or as an abstract class"));
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

    /// <summary>Of a collection only the elements arrive: not what a class derived from one adds, and not another comparer than the usual one.</summary>
    private static void RefuseStateBesideElements(JsonTypeInfo info)
    {
        for (Type? type = info.Type; type is not null && !Refusals.IsOfFramework(type); type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (!IsLeftOutOnPurpose(field))
                {
                    throw new RefusedException(info.Type, Refusals.AgainstStateBesideElements(field));
                }
            }
        }

        foreach (string name in (string[])["Comparer", "KeyComparer", "ValueComparer"])
        {
            if (info.Type.GetProperty(name) is { } comparer)
            {
                info.OnSerializing += instance =>
                {
                    if (!IsUsual(comparer.GetValue(instance)))
                    {
                        throw new RefusedException(info.Type, Refusals.AgainstComparer);
                    }
                };
            }
        }
    }

    /// <summary>Whether a collection that is made without a comparer compares in the same way.</summary>
    private static bool IsUsual(object? comparer) =>
        comparer is null
        || comparer.Equals(StringComparer.Ordinal)
        || Array.Exists(comparer.GetType().GetInterfaces(), i => i.IsConstructedGenericType && IsDefault(i.GetGenericTypeDefinition(), i.GetGenericArguments()[0], comparer));

    private static bool IsDefault(Type definition, Type element, object comparer)
    {
        Type? defaults = definition == typeof(IEqualityComparer<>) ? typeof(EqualityComparer<>) : definition == typeof(IComparer<>) ? typeof(Comparer<>) : null;
        return comparer.Equals(defaults?.MakeGenericType(element).GetProperty("Default")!.GetValue(null));
    }

    private static bool CanBeMadeAgain(JsonTypeInfo info) =>
        info.CreateObject is not null
        || info.Type.IsValueType
        || (info.ConstructorAttributeProvider is ConstructorInfo constructor
            && constructor.GetParameters().Length == info.Properties.Count(property => property.AssociatedParameter is not null));

    /// <summary>Stands for a token that nobody can cancel; it needs no state to arrive.</summary>
    private sealed record NoCancellation;
}

/// <summary>A type in a graph cannot cross. Turned into a <see cref="NotSerializableException"/> where the graph's owner is known.</summary>
internal sealed class RefusedException(Type type, Refusal refusal) : Exception($"{TypeNames.Display(type)}: {refusal.Reason}")
{
    internal Type Type => type;

    internal Refusal Refusal => refusal;
}
