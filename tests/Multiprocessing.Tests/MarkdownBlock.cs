namespace Multiprocessing.Tests;

/// <summary>A fenced block of a page of the documentation.</summary>
/// <param name="Heading">The heading above it, and its number below that, such as "Results 1".</param>
/// <param name="Line">The line of its first line.</param>
/// <param name="Language">What stands behind the fence.</param>
/// <param name="Text">What is in it.</param>
internal sealed record MarkdownBlock(string Heading, int Line, string Language, string Text)
{
    internal static IReadOnlyList<MarkdownBlock> Of(string page)
    {
        List<MarkdownBlock> blocks = [];
        List<string>? text = null;
        string heading = "";
        string language = "";
        int start = 0;
        int number = 0;
        foreach ((int index, string line) in File.ReadAllLines(Path.Combine(Repository.Root, page)).Index())
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (text is null)
                {
                    (text, language, start) = ([], line[3..].Trim(), index + 2);
                }
                else
                {
                    blocks.Add(new MarkdownBlock($"{heading} {++number}", start, language, string.Concat(text.Select(l => l + "\n"))));
                    text = null;
                }
            }
            else if (text is not null)
            {
                text.Add(line);
            }
            else if (line.StartsWith('#'))
            {
                (heading, number) = (line.TrimStart('#', ' '), 0);
            }
        }

        Assert.Null(text);
        return blocks;
    }
}
