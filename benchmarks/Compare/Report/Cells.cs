namespace Compare;

/// <summary>The table's columns, in words: the same for the terminal and for a page.</summary>
internal static class Cells
{
    internal static readonly string[] Heads = ["metric", "ours", "Python", "C", "ours / Python", "ours / C", "goal"];

    /// <param name="row">The metric.</param>
    /// <param name="all">All metrics of the run, which goals may be multiples of.</param>
    /// <param name="newLine">What stands between two goals of a metric.</param>
    internal static string[] Of(Row row, IReadOnlyList<Row> all, string newLine) =>
    [
        row.Metric,
        row.Ours?.ToString() ?? "-",
        row.Python?.ToString() ?? "-",
        row.C?.ToString() ?? "-",
        row.ToPython is { } python ? Figure.Digits(python) : "-",
        row.ToC is { } c ? Figure.Digits(c) : "-",
        string.Join(newLine, row.Goals.Select(goal => $"{goal.Describe(row.Unit)}: {Verdict(goal.IsMet(row, name => all.FirstOrDefault(other => other.Metric == name)?.Ours))}")),
    ];

    private static string Verdict(bool? met) => met switch { true => "met", false => "missed", null => "not measured" };
}
