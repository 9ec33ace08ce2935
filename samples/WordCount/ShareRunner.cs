using System.Globalization;
using Multiprocessing;
using Spectre.Console;

namespace WordCount;

/// <summary>Has one share counted in a child, again and again should the child be killed.</summary>
internal static class ShareRunner
{
    internal static async Task<Dictionary<string, int>> RunAsync(Share share, ProgressTask progress)
    {
        while (true)
        {
            try
            {
                return await RunOnceAsync(share, progress);
            }
            catch (ChildCrashedException crash)
            {
                progress.Value = 0;
                AnsiConsole.MarkupLineInterpolated($"[yellow]{crash.Message} Its share is done again.[/]");
            }
        }
    }

    private static async Task<Dictionary<string, int>> RunOnceAsync(Share share, ProgressTask progress)
    {
        string[] files = share.Files;
        ChildProcessOptions options = new() { StandardOutput = StandardStream.Pipe };

        // The child says on its standard output how many bytes it has behind it; the words come back as its result.
        using ChildProcess<Dictionary<string, int>> child = ChildProcess.Start(
            () => WordCounter.Count(files, bytes => Console.WriteLine(bytes)),
            name: $"share-{share.Number}",
            options: options);
        progress.Description = $"{child.Name} (pid {child.Pid})";
        using StreamReader reader = new(child.StandardOutput!);
        while (await reader.ReadLineAsync() is { } line)
        {
            // A child that is killed may leave half a line.
            progress.Increment(long.TryParse(line, CultureInfo.InvariantCulture, out long bytes) ? bytes : 0);
        }

        return await child;
    }
}
