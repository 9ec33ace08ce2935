using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>Whose process this is, and how root is given up: for a while, then for good, by every thread at once.</summary>
internal static class Credentials
{
    private const uint Nobody = 65534;

    internal static void Run()
    {
        Console.WriteLine($"user   {Os.GetResUid()}");
        Console.WriteLine($"group  {Os.GetResGid()}");
        Console.WriteLine($"groups {string.Join(' ', Os.GetGroups())}");
        Console.WriteLine();

        // In a child: there is no way back, and the rest of the tour may want one.
        using ChildProcess child = ChildProcess.Start(Os.GetEuid() == 0 ? GiveUpRoot : TryToBecomeRoot);
        child.Join();
    }

    private static void GiveUpRoot()
    {
        Show("at first");

        Os.SetEuid(Nobody);
        Show("SetEuid(nobody)");
        Os.SetEuid(0); // the saved ID is still root's
        Show("SetEuid(root)");

        // For good. The groups go first: without the user they could not be changed any more.
        Os.SetGroups();
        Os.SetResGid(Nobody, Nobody, Nobody);
        Os.SetResUid(Nobody, Nobody, Nobody);
        Show("SetResUid(nobody)");

        Try("SetEuid(root)", () => Os.SetEuid(0));
        Try("SetResUid(root)", () => Os.SetResUid(0, 0, 0));
        Try("SetGroups(root)", () => Os.SetGroups(0));
        Try("Open(/etc/shadow)", () => Os.Open("/etc/shadow").Dispose());
    }

    private static void TryToBecomeRoot()
    {
        Console.WriteLine("this is not root, so there is nothing to give up (try: sudo tour credentials)");
        Show("at first");
        Try("SetEuid(root)", () => Os.SetEuid(0));
        Os.SetReUid(Os.Unchanged, Os.GetUid());
        Show("effective = real");
    }

    private static void Try(string what, Action action)
    {
        try
        {
            action();
            Console.WriteLine($"{what,-18} done");
        }
        catch (PosixException exception)
        {
            Console.WriteLine($"{what,-18} {exception.Message}");
        }
    }

    /// <summary>The kernel keeps credentials by thread; this is what it has of each.</summary>
    private static void Show(string after)
    {
        foreach (var threads in Directory.GetDirectories("/proc/self/task").Select(Ids).CountBy(ids => ids))
        {
            Console.WriteLine($"{after,-18} {threads.Value} threads with {threads.Key}");
        }
    }

    private static string Ids(string thread)
    {
        string[] names = ["Uid:", "Gid:", "Groups:"];
        var lines = File.ReadLines($"{thread}/status").Where(line => names.Any(name => line.StartsWith(name, StringComparison.Ordinal)));
        return string.Join("  ", lines.Select(line => line.Replace('\t', ' ').TrimEnd()));
    }
}
