namespace Multiprocessing.Tests;

public sealed class ReadmeTests
{
    private const string Page = "README.md";

    [Fact]
    [TimeLimit(60)]
    public async Task All_csharp_of_the_readme_compiles()
    {
        // A block may leave out the using that another one has shown.
        DocumentedCode.Source[] blocks = [.. MarkdownBlock.Of(Page)
            .Where(block => block.Language == "csharp")
            .Select(block => new DocumentedCode.Source($"using Multiprocessing;\n{block.Text.Replace("using Multiprocessing;\n", "\n", StringComparison.Ordinal)}", Page, block.Line - 1))];
        Assert.NotEmpty(blocks);
        Assert.All(await DocumentedCode.CompileAsync(blocks), compiled => Assert.True(compiled.Errors.Length == 0, compiled.Errors));
    }
}
