namespace Compare;

/// <summary>What a metric is to reach: at most a time, at least a rate, given outright or as a multiple of another figure of the same run.</summary>
/// <param name="Metric">Whose goal it is.</param>
/// <param name="Factor">How many times the other figure; or the figure itself, in the metric's unit, where there is no other one.</param>
/// <param name="Of">The other figure.</param>
/// <param name="Other">The metric of ours that <see cref="Reference.Metric"/> means.</param>
internal sealed record Goal(string Metric, double Factor, Reference Of, string? Other = null)
{
    /// <param name="row">The metric's own row.</param>
    /// <param name="ours">Finds this library's figure for another metric.</param>
    /// <returns>Whether it is met; null if a figure that it takes is missing.</returns>
    internal bool? IsMet(Row row, Func<string, Figure?> ours)
    {
        if (row.Ours is null)
        {
            return null;
        }

        double? limit = Of switch
        {
            Reference.Itself => Factor * row.Ours.Unit.Scale,
            Reference.C => Factor * row.C?.Absolute,
            Reference.Python => Factor * row.Python?.Absolute,
            Reference.BetterPeer => Factor * Better(row.C, row.Python)?.Absolute,
            _ => Factor * ours(Other!)?.Absolute,
        };
        return limit is null ? null : row.Ours.Unit.IsRate ? row.Ours.Absolute >= limit : row.Ours.Absolute <= limit;
    }

    /// <summary>Such as "≤ 2 x C".</summary>
    internal string Describe(Unit unit) => (unit.IsRate ? "≥ " : "≤ ") + Of switch
    {
        Reference.Itself => $"{Factor} {unit.Symbol}",
        Reference.C => $"{Factor} x C",
        Reference.Python => $"{Factor} x Python",
        Reference.BetterPeer => $"{Factor} x the better",
        _ => $"{Factor} x {Other}",
    };

    private static Figure? Better(Figure? one, Figure? other) =>
        one is null ? other : other is null ? one : one.Absolute > other.Absolute == one.Unit.IsRate ? one : other;
}

/// <summary>What a goal is a multiple of.</summary>
internal enum Reference
{
    /// <summary>Nothing: it is a figure of its own.</summary>
    Itself,

    C,
    Python,

    /// <summary>Whichever of C and Python is better.</summary>
    BetterPeer,

    /// <summary>Another figure of this library.</summary>
    Metric,
}
