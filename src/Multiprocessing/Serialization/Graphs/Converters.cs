using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using PolyType;

namespace Multiprocessing;

/// <summary>The converter of each type, made when the first value of it crosses.</summary>
internal static class Converters
{
    private static readonly ConcurrentDictionary<Type, Converter> s_converters = new();
    private static readonly ConcurrentDictionary<Type, RefusedException> s_refusals = new();

    /// <summary>The types whose converters this thread is making just now.</summary>
    [ThreadStatic]
    private static List<Type>? s_unfinished;

    /// <exception cref="RefusedException">Values of the type cannot cross.</exception>
    /// <param name="type">The type.</param>
    /// <param name="shape">Its shape, where that is known already.</param>
    internal static Converter Of(Type type, ITypeShape? shape = null)
    {
        if (s_converters.TryGetValue(type, out Converter? converter))
        {
            return converter;
        }

        if (s_refusals.TryGetValue(type, out RefusedException? refused))
        {
            throw refused;
        }

        List<Type> unfinished = s_unfinished ??= [];
        if (unfinished.Contains(type))
        {
            return new LaterConverter(type); // a structure with a collection of such structures, where the collection is a structure, too
        }

        unfinished.Add(type);
        try
        {
            return s_converters.GetOrAdd(type, ConverterFactory.Make(type, shape));
        }
        catch (RefusedException exception)
        {
            s_refusals.TryAdd(type, exception);
            throw;
        }
        finally
        {
            unfinished.Remove(type);
        }
    }

    internal static bool TryFind(Type type, [NotNullWhen(true)] out Converter? converter, [NotNullWhen(false)] out Refusal? refusal)
    {
        if (s_converters.TryGetValue(type, out converter))
        {
            refusal = null;
            return true;
        }

        try
        {
            converter = Of(type);
            refusal = null;
            return true;
        }
        catch (RefusedException exception) when (exception.Type == type)
        {
            converter = null;
            refusal = exception.Refusal;
            return false;
        }
    }

    /// <exception cref="InvalidDataException">No writer sends such a type.</exception>
    internal static Converter ToRead(Type type)
    {
        if (s_converters.TryGetValue(type, out Converter? converter) && Nullable.GetUnderlyingType(type) is null)
        {
            return converter;
        }

        if (Nullable.GetUnderlyingType(type) is not null)
        {
            throw new InvalidDataException($"The message says that it has {TypeNames.Article(type)}, which no object is.");
        }

        try
        {
            return Of(type);
        }
        catch (RefusedException refused)
        {
            throw new InvalidDataException($"The message says that it has {TypeNames.Article(type)}, which cannot be sent: {refused.Refusal.Reason}.", refused);
        }
    }
}
