using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using PolyType;
using PolyType.Abstractions;
using PolyType.ReflectionProvider;

namespace Multiprocessing;

/// <summary>Decides how the values of a type cross: by a form of their own here, or by the shape that PolyType finds of it.</summary>
internal static class ConverterFactory
{
    /// <exception cref="RefusedException">Values of the type cannot cross.</exception>
    /// <param name="type">The type.</param>
    /// <param name="shape">Its shape, where that is known already.</param>
    internal static Converter Make(Type type, ITypeShape? shape)
    {
        if (FrameworkConverters.Find(type) is { } known)
        {
            return known;
        }

        if (Refusals.Against(type) is { } refusal)
        {
            throw new RefusedException(type, refusal);
        }

        if ((type.IsAbstract && !FrameworkConverters.IsFrozen(type)) || type.ContainsGenericParameters || type.IsByRefLike)
        {
            throw new RefusedException(type, Refusals.AgainstConstructor(type));
        }

        if (type.IsArray && !type.IsSZArray)
        {
            return new GridConverter(type);
        }

        shape ??= GeneratedShape(type);
        if (shape is null && RuntimeFeature.IsDynamicCodeSupported)
        {
            return Usual(type) ?? (!IsCollection(type) ? Tiered(type) : FromShape(type, ReflectionTypeShapeProvider.Default.GetTypeShape) ?? Tiered(type));
        }

        return (shape is null ? null : FromShape(type, _ => shape)) ?? BoxedConverters.Make(type);
    }

    /// <summary>Code made for the type, by the shape that reflection finds.</summary>
    /// <returns>Null where the shape is not as planned; what is slow is right, too.</returns>
    internal static Converter<T>? Compile<T>(ObjectPlan plan)
    {
        try
        {
            return ReflectionTypeShapeProvider.Default.GetTypeShape<T>().Accept(ConverterBuilder.Instance, plan) as Converter<T>;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return null; // such as where trimming has left parts of the type out
        }
    }

    private static bool IsCollection(Type type) =>
        typeof(IEnumerable).IsAssignableFrom(type) || type == typeof(object) || type.IsDefined(typeof(TypeShapeAttribute), inherit: false)
        || Array.Exists(type.GetInterfaces(), i => i.IsConstructedGenericType && i.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>))
        || (type.IsConstructedGenericType && (type.GetGenericTypeDefinition() == typeof(Memory<>) || type.GetGenericTypeDefinition() == typeof(ReadOnlyMemory<>)));

    private static Converter Tiered(Type type)
    {
        ObjectPlan plan = ObjectPlan.For(type);
        return (Converter)Activator.CreateInstance(typeof(TieredConverter<>).MakeGenericType(type), BindingFlags.DoNotWrapExceptions | BindingFlags.CreateInstance | BindingFlags.Public | BindingFlags.Instance, binder: null, [plan], culture: null)!;
    }

    /// <summary>The collections that nearly every message has, without a shape: finding one costs a starting child more than all the rest.</summary>
    private static Converter? Usual(Type type)
    {
        if (type.IsSZArray)
        {
            return MakeUsual(nameof(UsualConverters.Array), type.GetElementType()!);
        }

        if (!type.IsConstructedGenericType)
        {
            return null;
        }

        Type definition = type.GetGenericTypeDefinition();
        return definition == typeof(List<>) ? MakeUsual(nameof(UsualConverters.List), type.GetGenericArguments())
            : definition == typeof(Nullable<>) ? MakeUsual(nameof(UsualConverters.Nullable), type.GetGenericArguments())
            : definition == typeof(Dictionary<,>) ? MakeUsual(nameof(UsualConverters.Dictionary), type.GetGenericArguments())
            : definition == typeof(HashSet<>) ? MakeUsual(nameof(UsualConverters.Set), type.GetGenericArguments())
            : null;
    }

    private static Converter MakeUsual(string method, params Type[] arguments) =>
        (Converter)typeof(UsualConverters).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(arguments)
            .Invoke(null, BindingFlags.DoNotWrapExceptions, binder: null, [], culture: null)!;

    /// <summary>
    /// By the shape that was generated when the program was compiled ([GenerateShape]), or by one that reflection finds. The latter makes code as it
    /// goes, which a program compiled ahead of time cannot.
    /// </summary>
    private static Converter? FromShape(Type type, Func<Type, ITypeShape?> find)
    {
        try
        {
            return (Converter?)find(type)?.Accept(ConverterBuilder.Instance);
        }
        catch (Exception exception) when (exception is not (RefusedException or OutOfMemoryException))
        {
            throw new RefusedException(type, new Refusal($"its members cannot be found out: {exception.Message.TrimEnd('.')}", "send arrays, lists and types of public properties instead"));
        }
    }

    private static ITypeShape? GeneratedShape(Type type)
    {
        foreach (TypeShapeProviderAttribute attribute in type.GetCustomAttributes(typeof(TypeShapeProviderAttribute), inherit: false))
        {
            return ((ITypeShapeProvider)Activator.CreateInstance(attribute.TypeShapeProvider)!).GetTypeShape(type);
        }

        return null;
    }
}
