namespace Compare;

/// <summary>Every benchmark checks that what it measures was done.</summary>
internal static class Arrived
{
    /// <exception cref="InvalidOperationException">They differ.</exception>
    internal static void Check<T>(T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new InvalidOperationException($"The data did not arrive: {actual} instead of {expected}.");
        }
    }
}
