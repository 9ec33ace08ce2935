using System.Collections;

namespace Multiprocessing;

/// <summary>What cannot be made again itself, such as a lazy sequence, but stands where an interface of collections is declared: it arrives as a usual one of those.</summary>
internal static class DeclaredCollection
{
    /// <returns>Null where nothing of the kind is declared, or where the value holds something of this process.</returns>
    internal static object? From(object value, Type declared)
    {
        if (value is not IEnumerable sequence || !declared.IsInterface || Refusals.Against(value.GetType()) is not null)
        {
            return null;
        }

        if (!declared.IsConstructedGenericType)
        {
            return declared == typeof(IEnumerable) || declared == typeof(ICollection) || declared == typeof(IList) ? sequence.Cast<object?>().ToList() : null;
        }

        Type definition = declared.GetGenericTypeDefinition();
        Type? usual = definition == typeof(IEnumerable<>) || definition == typeof(IReadOnlyCollection<>) || definition == typeof(IReadOnlyList<>) || definition == typeof(ICollection<>) || definition == typeof(IList<>) ? typeof(List<>)
            : definition == typeof(ISet<>) || definition == typeof(IReadOnlySet<>) ? typeof(HashSet<>)
            : definition == typeof(IDictionary<,>) || definition == typeof(IReadOnlyDictionary<,>) ? typeof(Dictionary<,>)
            : null;
        return usual is null ? null : Activator.CreateInstance(usual.MakeGenericType(declared.GetGenericArguments()), value);
    }
}
