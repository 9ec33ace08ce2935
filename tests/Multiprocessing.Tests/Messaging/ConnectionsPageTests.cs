namespace Multiprocessing.Tests;

/// <summary>The program of docs/connections.md, and the text block behind it, which is what it prints.</summary>
public sealed class ConnectionsPageTests
{
    private const string Page = "docs/connections.md";

    [Fact]
    public async Task The_program_of_the_page_prints_what_the_page_says()
    {
        MarkdownBlock[] blocks = [.. MarkdownBlock.Of(Page)];
        Assert.Equal(["csharp", "text"], blocks.Select(block => block.Language));
        DocumentedCode.Compiled program = (await DocumentedCode.CompileAsync([new DocumentedCode.Source(blocks[0].Text, Page, blocks[0].Line)])).Single();
        Assert.Equal(blocks[1].Text, DocumentedCode.Run(program, input: ""));
    }
}
