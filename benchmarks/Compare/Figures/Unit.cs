namespace Compare;

/// <summary>What a figure is counted in: a time or a share, of which less is better, or a rate, of which more is.</summary>
/// <param name="Symbol">As it is printed, and as the peers print it.</param>
/// <param name="Scale">How many seconds, bytes a second, messages a second or processors it is.</param>
/// <param name="IsRate">More is better.</param>
internal sealed record Unit(string Symbol, double Scale, bool IsRate)
{
    internal static readonly Unit Nanoseconds = new("ns", 1e-9, IsRate: false);
    internal static readonly Unit Microseconds = new("us", 1e-6, IsRate: false);
    internal static readonly Unit Milliseconds = new("ms", 1e-3, IsRate: false);
    internal static readonly Unit Percent = new("%", 0.01, IsRate: false);
    internal static readonly Unit GibibytesPerSecond = new("GiB/s", 1L << 30, IsRate: true);
    internal static readonly Unit ThousandMessagesPerSecond = new("kmsg/s", 1e3, IsRate: true);
    internal static readonly Unit MillionMessagesPerSecond = new("Mmsg/s", 1e6, IsRate: true);

    private static readonly Unit[] s_all = [Nanoseconds, Microseconds, Milliseconds, Percent, GibibytesPerSecond, ThousandMessagesPerSecond, MillionMessagesPerSecond];

    /// <exception cref="FormatException">There is no such unit.</exception>
    internal static Unit Parse(string symbol) => Array.Find(s_all, unit => unit.Symbol == symbol) ?? throw new FormatException($"'{symbol}' is no unit.");
}
