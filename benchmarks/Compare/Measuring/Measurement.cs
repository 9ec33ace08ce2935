namespace Compare;

/// <summary>The samples of one run: round by round, in each one all metrics, and of each metric this library, Python and C directly after one another.</summary>
internal sealed class Measurement(IReadOnlyList<Benchmark> benchmarks, PythonPeer? python, CPeer? c, Effort effort, int rounds)
{
    private readonly Dictionary<(string Metric, Side Side), List<Figure>> _samples = [];
    private readonly List<string> _failures = [];

    /// <summary>What went wrong, in words; of such a metric there may be no figure.</summary>
    internal IReadOnlyList<string> Failures => _failures;

    internal int Steps => benchmarks.Count * rounds;

    internal IReadOnlyList<Row> Rows =>
    [
        .. benchmarks.Select(benchmark => new Row(
            benchmark.Name,
            benchmark.Unit,
            Median(benchmark, Side.Ours),
            Median(benchmark, Side.Python),
            Median(benchmark, Side.C),
            [.. Goals.All.Where(goal => goal.Metric == benchmark.Name)])),
    ];

    /// <param name="beginning">Told of each metric before it is measured.</param>
    internal void Run(Action<string> beginning)
    {
        for (int round = 0; round < rounds; round++)
        {
            foreach (Benchmark benchmark in benchmarks)
            {
                beginning(benchmark.Name);
                Add(benchmark, Side.Ours, benchmark.Ours is null ? null : () => benchmark.Ours(effort).Select(value => new Figure(value, benchmark.Unit)));
                Add(benchmark, Side.Python, python is null || benchmark.Python is null ? null : () => python.Measure(benchmark.Python, effort));
                Add(benchmark, Side.C, c is null || benchmark.C is null ? null : () => c.Measure(benchmark.C, effort));
            }
        }
    }

    private void Add(Benchmark benchmark, Side side, Func<IEnumerable<Figure>>? measure)
    {
        if (measure is null)
        {
            return;
        }

        try
        {
            if (!_samples.TryGetValue((benchmark.Name, side), out List<Figure>? samples))
            {
                _samples[(benchmark.Name, side)] = samples = [];
            }

            samples.AddRange(measure());
        }
#pragma warning disable CA1031 // Whatever one benchmark throws, the others are measured, and it is reported.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _failures.Add($"{benchmark.Name}, {side}: {exception.Message}");
        }
    }

    private enum Side
    {
        Ours,
        Python,
        C,
    }

    private Figure? Median(Benchmark benchmark, Side side) => Figure.MedianOf(_samples.GetValueOrDefault((benchmark.Name, side), []));
}
