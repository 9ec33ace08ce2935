namespace WordCount;

/// <summary>Which files to count, and who counts which.</summary>
internal static class TextFiles
{
    /// <summary>All files below the directories; without directories, the XML documentation that ships with the SDK this program runs on.</summary>
    internal static FileInfo[] Find(DirectoryInfo[] directories)
    {
        if (directories.Length > 0)
        {
            return [.. directories.SelectMany(d => d.EnumerateFiles("*", SearchOption.AllDirectories)).Where(f => f.Length > 0)];
        }

        // root/shared/Microsoft.NETCore.App/10.0.0/System.Private.CoreLib.dll
        DirectoryInfo? root = new FileInfo(typeof(object).Assembly.Location).Directory?.Parent?.Parent?.Parent;
        DirectoryInfo packs = new(Path.Combine(root?.FullName ?? "/", "packs"));
        return packs.Exists ? [.. packs.EnumerateFiles("*.xml", SearchOption.AllDirectories)] : [];
    }

    /// <summary>Shares of about the same number of bytes: the largest file first, each to whoever has least.</summary>
    internal static Share[] Divide(FileInfo[] files, int count)
    {
        List<string>[] shares = [.. Enumerable.Range(0, count).Select(_ => new List<string>())];
        long[] sizes = new long[count];
        foreach (FileInfo file in files.OrderByDescending(f => f.Length))
        {
            int least = Array.IndexOf(sizes, sizes.Min());
            shares[least].Add(file.FullName);
            sizes[least] += file.Length;
        }

        return [.. shares.Select((files, i) => new Share(i + 1, [.. files], sizes[i]))];
    }
}

/// <summary>The files of one child.</summary>
internal sealed record Share(int Number, string[] Files, long Bytes);
