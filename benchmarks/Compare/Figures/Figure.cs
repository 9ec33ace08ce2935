using System.Globalization;

namespace Compare;

/// <summary>A value with its unit.</summary>
/// <param name="Value">In that unit.</param>
/// <param name="Unit">What it is counted in.</param>
internal sealed record Figure(double Value, Unit Unit)
{
    /// <summary>In seconds, bytes a second, messages a second or processors, so that figures of different units compare.</summary>
    internal double Absolute => Value * Unit.Scale;

    /// <summary>The middle one, or the mean of the two in the middle; in the unit of the first.</summary>
    /// <returns>Null if there are none.</returns>
    internal static Figure? MedianOf(IReadOnlyCollection<Figure> samples)
    {
        if (samples.Count == 0)
        {
            return null;
        }

        Unit unit = samples.First().Unit;
        double[] sorted = [.. samples.Select(sample => sample.Absolute / unit.Scale).Order()];
        int middle = sorted.Length / 2;
        return new Figure(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, unit);
    }

    /// <summary>How many times as large this one is.</summary>
    /// <returns>Null if one of the two is missing or zero, or they are not of one kind.</returns>
    internal static double? Ratio(Figure? figure, Figure? to) =>
        figure is null || to is null || to.Value == 0 || figure.Unit.IsRate != to.Unit.IsRate ? null : figure.Absolute / to.Absolute;

    /// <summary>A number to three digits, such as 0.0312, 4.75 or 1230.</summary>
    internal static string Digits(double value)
    {
        int decimals = value == 0 ? 0 : Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 6);
        return value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    public override string ToString() => $"{Digits(Value)} {Unit.Symbol}";
}
