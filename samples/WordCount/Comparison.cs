using System.Diagnostics;
using Spectre.Console;

namespace WordCount;

/// <summary>The same count by many children and by this process alone, side by side.</summary>
internal static class Comparison
{
    private const int Shown = 20;

    internal static async Task<int> RunAsync(FileInfo[] files, int children)
    {
        long bytes = files.Sum(f => f.Length);
        AnsiConsole.WriteLine($"{files.Length} files, {Megabytes(bytes):F1} MB");
        Share[] shares = TextFiles.Divide(files, children);
        (Dictionary<string, int> words, TimeSpan together) = await MeasureAsync(shares, ShareRunner.RunAsync);
        Share all = new(0, [.. files.Select(f => f.FullName)], bytes);
        (Dictionary<string, int> check, TimeSpan alone) = await MeasureAsync([all], CountHereAsync);

        Show(words);
        AnsiConsole.WriteLine($"{words.Values.Sum(c => (long)c):N0} words, {words.Count:N0} different");
        AnsiConsole.WriteLine($"{children} children    {together.TotalSeconds:F2} s  {Megabytes(bytes) / together.TotalSeconds:F0} MB/s");
        AnsiConsole.WriteLine($"one process   {alone.TotalSeconds:F2} s  {Megabytes(bytes) / alone.TotalSeconds:F0} MB/s");
        AnsiConsole.WriteLine($"{alone / together:F2} times as fast");
        bool same = words.Count == check.Count && words.All(w => check.GetValueOrDefault(w.Key) == w.Value);
        AnsiConsole.WriteLine(same ? "Both counted the same." : "The two counts differ.");
        return same ? 0 : 1;
    }

    private static double Megabytes(long bytes) => bytes / 1e6;

    private static async Task<(Dictionary<string, int> Words, TimeSpan Time)> MeasureAsync(Share[] shares, Func<Share, ProgressTask, Task<Dictionary<string, int>>> count)
    {
        long start = Stopwatch.GetTimestamp();
        Dictionary<string, int>[] parts = await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(context => Task.WhenAll(shares.Select(share => count(share, context.AddTask("starting", maxValue: share.Bytes)))));
        return (WordCounter.Merge(parts), Stopwatch.GetElapsedTime(start));
    }

    private static Task<Dictionary<string, int>> CountHereAsync(Share share, ProgressTask progress)
    {
        progress.Description = $"one process (pid {Environment.ProcessId})";
        return Task.Run(() => WordCounter.Count(share.Files, bytes => progress.Increment(bytes)));
    }

    private static void Show(Dictionary<string, int> words)
    {
        Table table = new Table().AddColumn("word").AddColumn(new TableColumn("count").RightAligned());
        foreach ((string word, int count) in words.OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal).Take(Shown))
        {
            table.AddRow(word, $"{count:N0}");
        }

        AnsiConsole.Write(table);
    }
}
