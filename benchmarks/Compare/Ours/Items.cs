namespace Compare;

/// <summary>What goes through a queue: the n-th item, and a number that tells it from others. Static, so that the loops around it are compiled without calls.</summary>
internal interface IItems<T>
{
    static abstract T Make(int number);

    static abstract long NumberOf(T item);
}

/// <summary>Small numbers: unmanaged, so they are copied as they are.</summary>
internal readonly struct Numbers : IItems<int>
{
    public static int Make(int number) => number;

    public static long NumberOf(int item) => item;
}

/// <summary>Small records: they go through the serializer.</summary>
internal readonly struct Trades : IItems<Trade>
{
    public static Trade Make(int number) => new(number, "MSFT", number * 0.5);

    public static long NumberOf(Trade item)
    {
        Arrived.Check(item.Number * 0.5, item.Price);
        return item.Number;
    }
}

internal sealed record Trade(int Number, string Symbol, double Price);
