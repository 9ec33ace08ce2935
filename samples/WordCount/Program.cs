using System.CommandLine;
using Spectre.Console;
using WordCount;

Argument<DirectoryInfo[]> directories = new("DIR") { Description = "Where the text is; without one, the XML documentation of the .NET SDK.", Arity = ArgumentArity.ZeroOrMore };
Option<int> children = new("--children") { Description = "How many child processes share the work.", DefaultValueFactory = _ => Environment.ProcessorCount };
RootCommand root = new("Counts words in real text, in child processes and in this one.") { directories, children };
root.SetAction(async (result, _) =>
{
    FileInfo[] files = TextFiles.Find(result.GetValue(directories) ?? []);
    if (files.Length == 0)
    {
        AnsiConsole.WriteLine("There is no text to count: this .NET has no XML documentation beside it, or the directory is empty. Name a directory with text files.");
        return 1;
    }

    return await Comparison.RunAsync(files, Math.Clamp(result.GetValue(children), 1, files.Length));
});
return await root.Parse(args).InvokeAsync();
