using System.Reflection;

namespace Multiprocessing;

/// <summary>How a collection compares: as one that is made without a comparer does, or by one of the framework's comparers of strings. Any other would be lost.</summary>
internal sealed class Comparers
{
    private static readonly StringComparer[] s_ofStrings = [StringComparer.Ordinal, StringComparer.OrdinalIgnoreCase, StringComparer.InvariantCulture, StringComparer.InvariantCultureIgnoreCase];

    private readonly Type _collection;
    private readonly PropertyInfo[] _properties;
    private object? _lastDefault;

    internal Comparers(Type collection)
    {
        _collection = collection;
        string[] names = ["Comparer", "KeyComparer", "ValueComparer", "EqualityComparer"];
        _properties = [.. names.Select(name => collection.GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)).OfType<PropertyInfo>()];
    }

    /// <summary>0: the usual one.</summary>
    /// <exception cref="RefusedException">The receiver could not make a collection that compares in the same way.</exception>
    internal byte NumberFor(object collection)
    {
        byte number = 0;
        foreach (PropertyInfo property in _properties)
        {
            object? comparer = property.GetValue(collection);
            if (comparer is null || ReferenceEquals(comparer, _lastDefault))
            {
                continue;
            }

            if (IsDefault(comparer))
            {
                _lastDefault = comparer;
                continue;
            }

            int known = property.Name is "ValueComparer" or "EqualityComparer" ? -1 : Array.FindIndex(s_ofStrings, s => s.Equals(comparer));
            number = known >= 0 ? (byte)(known + 1) : throw new RefusedException(_collection, Refusals.AgainstComparer);
        }

        return number;
    }

    /// <summary>As one that is made without a comparer. Those that hash strings take them by their ordinals then; those that sort, by the culture.</summary>
    /// <exception cref="RefusedException">It does not compare as usual.</exception>
    internal void Require(object collection)
    {
        byte number = NumberFor(collection);
        if (number > 1 || (number == 1 && !Array.TrueForAll(_properties, IsOfHash)))
        {
            throw new RefusedException(_collection, Refusals.AgainstComparer);
        }
    }

    /// <exception cref="InvalidDataException">There is none with that number for such keys.</exception>
    internal static IEqualityComparer<T>? Of<T>(byte number) => Of(number) switch
    {
        null => null,
        IEqualityComparer<T> comparer => comparer,
        _ => throw new InvalidDataException($"The message has a comparer of strings for {TypeNames.Display(typeof(T))}."),
    };

    /// <exception cref="InvalidDataException">There is none with that number.</exception>
    internal static StringComparer? Of(byte number) => number == 0 ? null
        : number <= s_ofStrings.Length ? s_ofStrings[number - 1]
        : throw new InvalidDataException($"The message has a comparer of the unknown kind {number}.");

    /// <summary>Whether a collection that is made without a comparer compares in the same way.</summary>
    private static bool IsDefault(object comparer) => Array.Exists(
        comparer.GetType().GetInterfaces(),
        type => type.IsConstructedGenericType && DefaultOf(type.GetGenericTypeDefinition()) is { } defaults
            && comparer.Equals(defaults.MakeGenericType(type.GetGenericArguments()).GetProperty("Default")!.GetValue(null)));

    private static bool IsOfHash(PropertyInfo property) => property.PropertyType.IsConstructedGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(IEqualityComparer<>);

    private static Type? DefaultOf(Type definition) =>
        definition == typeof(IEqualityComparer<>) ? typeof(EqualityComparer<>) : definition == typeof(IComparer<>) ? typeof(Comparer<>) : null;
}
