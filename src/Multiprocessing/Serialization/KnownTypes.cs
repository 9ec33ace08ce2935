namespace Multiprocessing;

/// <summary>The types that go by a number. Both processes run the same build, so the numbers mean the same.</summary>
internal static class KnownTypes
{
    private const byte Count = 33;

    private static readonly Lazy<Dictionary<Type, byte>> s_numbers = new(() => Enumerable.Range(0, Count).ToDictionary(n => Find((byte)n)!, n => (byte)n));

    internal static Dictionary<Type, byte> Numbers => s_numbers.Value;

    /// <returns>Null for a number that means nothing.</returns>
    /// <remarks>Not a table: to fill one, a starting child would have to load every type in it.</remarks>
    internal static Type? Find(byte number) => number switch
    {
        0 => typeof(Action),
        1 => typeof(Action<>),
        2 => typeof(Action<,>),
        3 => typeof(Action<,,>),
        4 => typeof(Func<>),
        5 => typeof(Func<,>),
        6 => typeof(Func<,,>),
        7 => typeof(Func<,,,>),
        8 => typeof(Task),
        9 => typeof(Task<>),
        10 => typeof(ValueTask),
        11 => typeof(ValueTask<>),
        12 => typeof(Nullable<>),
        13 => typeof(List<>),
        14 => typeof(Dictionary<,>),
        15 => typeof(object),
        16 => typeof(string),
        17 => typeof(bool),
        18 => typeof(char),
        19 => typeof(byte),
        20 => typeof(sbyte),
        21 => typeof(short),
        22 => typeof(ushort),
        23 => typeof(int),
        24 => typeof(uint),
        25 => typeof(long),
        26 => typeof(ulong),
        27 => typeof(float),
        28 => typeof(double),
        29 => typeof(decimal),
        30 => typeof(DateTime),
        31 => typeof(TimeSpan),
        32 => typeof(Guid),
        _ => null,
    };
}
