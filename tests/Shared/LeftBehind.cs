using System.Globalization;

namespace Multiprocessing.Tests;

/// <summary>What a test could leave behind, as it stands at one moment.</summary>
internal sealed class LeftBehind
{
    private readonly Dictionary<string, int> _descriptors = [];
    private readonly HashSet<string> _files;
    private readonly HashSet<string> _children;

    private LeftBehind(string temporary)
    {
        foreach (string link in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            if (KindOf(new FileInfo(link).LinkTarget) is { } kind)
            {
                _descriptors[kind] = _descriptors.GetValueOrDefault(kind) + 1;
            }
        }

        _files = [.. Directory.GetFileSystemEntries("/dev/shm"), .. Directory.GetFileSystemEntries(temporary)];
        _children = [.. Directory.GetDirectories("/proc").Where(IsChild)];
    }

    public static LeftBehind Now(string temporary) => new(temporary);

    /// <returns>What is there now and was not before, a line each.</returns>
    public IEnumerable<string> Since(LeftBehind before)
    {
        foreach ((string kind, int count) in _descriptors)
        {
            if (count > before._descriptors.GetValueOrDefault(kind))
            {
                yield return $"{count - before._descriptors.GetValueOrDefault(kind)} open {kind}";
            }
        }

        foreach (string file in _files.Except(before._files))
        {
            yield return $"the file {file}";
        }

        foreach (string child in _children.Except(before._children))
        {
            yield return $"the child process {Path.GetFileName(child)}";
        }
    }

    /// <summary>Only what a library like this one makes; the runtime opens assemblies and its own files when it likes.</summary>
    private static string? KindOf(string? target) => target switch
    {
        null => null,
        _ when target.StartsWith("socket:", StringComparison.Ordinal) => "socket",
        _ when target.StartsWith("pipe:", StringComparison.Ordinal) => "pipe",
        _ when target.StartsWith("/memfd:multiprocessing", StringComparison.Ordinal) => "memory file",
        _ when target.Contains("pidfd", StringComparison.Ordinal) => "pidfd",
        _ when target.Contains("[eventfd]", StringComparison.Ordinal) => "eventfd",
        _ when target.Contains("[eventpoll]", StringComparison.Ordinal) => "epoll",
        "/dev/null" => "/dev/null",
        _ => null,
    };

    private static bool IsChild(string directory)
    {
        if (!char.IsAsciiDigit(Path.GetFileName(directory)[0]))
        {
            return false;
        }

        try
        {
            string stat = File.ReadAllText(Path.Combine(directory, "stat"));
            string parent = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]; // a name may have spaces and parentheses in it
            return int.Parse(parent, CultureInfo.InvariantCulture) == Environment.ProcessId;
        }
        catch (IOException)
        {
            return false; // it has ended meanwhile
        }
    }
}
