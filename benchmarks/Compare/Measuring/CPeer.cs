namespace Compare;

/// <summary>What the machine allows, by peers/limits.c, which is compiled into a folder of its own.</summary>
internal sealed class CPeer : Peer
{
    private readonly DirectoryInfo _folder;

    private CPeer(DirectoryInfo folder, string program, string version)
        : base(program, [], version) => _folder = folder;

    /// <returns>Null where there is no gcc.</returns>
    internal static CPeer? TryCompile()
    {
        string? version = Run("gcc", ["--version"])?.Split('\n')[0];
        if (version is null)
        {
            return null;
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("compare-");
        try
        {
            string program = Path.Combine(folder.FullName, "limits");
            Run("gcc", ["-O2", "-o", program, Path.Combine(AppContext.BaseDirectory, "peers/limits.c")]);
            return new CPeer(folder, program, version);
        }
        catch (InvalidOperationException)
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    public override void Dispose()
    {
        _folder.Delete(recursive: true);
        base.Dispose();
    }
}
