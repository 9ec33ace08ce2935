namespace Compare;

/// <summary>One metric as measured in one run: the medians of this library, of Python and of C.</summary>
internal sealed record Row(string Metric, Unit Unit, Figure? Ours, Figure? Python, Figure? C, IReadOnlyList<Goal> Goals)
{
    internal double? ToPython => Figure.Ratio(Ours, Python);

    internal double? ToC => Figure.Ratio(Ours, C);
}
