namespace Multiprocessing.Tests;

/// <summary>The folder of the repository, around the tests. Not from the compiler, which tells no real paths in a build for continuous integration.</summary>
internal static class Repository
{
    internal static string Root { get; } = Find();

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Multiprocessing.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("The repository is not around the tests.");
    }
}
