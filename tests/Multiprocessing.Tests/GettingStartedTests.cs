using System.Text.RegularExpressions;

namespace Multiprocessing.Tests;

/// <summary>Each C# block of docs/getting-started.md is a whole program, and the text block behind it what it prints.</summary>
public sealed class GettingStartedTests
{
    private const string Page = "docs/getting-started.md";

    private static readonly Lazy<Task<DocumentedCode.Compiled[]>> s_programs = new(() =>
        DocumentedCode.CompileAsync([.. Blocks().Select(block => new DocumentedCode.Source(block.Text, Page, block.Line))]));

    public static TheoryData<string> Programs => [.. Blocks().Select(block => block.Heading)];

    [Theory]
    [MemberData(nameof(Programs))]
    [TimeLimit(60)]
    public async Task A_program_of_the_page_prints_what_the_page_says(string heading)
    {
        MarkdownBlock output = MarkdownBlock.Of(Page).SkipWhile(block => block.Heading != heading).ElementAt(1);
        Assert.Equal("text", output.Language);
        DocumentedCode.Compiled program = (await s_programs.Value)[Blocks().FindIndex(block => block.Heading == heading)];
        Assert.Equal(output.Text, WithoutIds(DocumentedCode.Run(program, input: "hello\n")));
    }

    [Fact]
    public void The_page_has_the_words_for_an_unsupported_system() => Assert.Contains(
        Assert.Throws<PlatformNotSupportedException>(() => RunningChild.ThrowIfUnsupported(isLinux: false)).Message,
        File.ReadAllText(Path.Combine(Repository.Root, Page)),
        StringComparison.Ordinal);

    private static List<MarkdownBlock> Blocks() => [.. MarkdownBlock.Of(Page).Where(block => block.Language == "csharp")];

    private static string WithoutIds(string text) => Regex.Replace(text, @"pid \d+", "pid 4711");
}
