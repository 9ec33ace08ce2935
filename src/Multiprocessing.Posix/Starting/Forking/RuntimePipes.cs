using System.Globalization;

namespace Multiprocessing.Posix;

/// <summary>The pipes over which the runtime talks to a thread of its own that a forked child does not have.</summary>
/// <remarks>
/// Parent and child share them after a fork. At its end the child would write a command into one, stop the parent's thread with it, and
/// wait two seconds for its own. With a descriptor in place that cannot be written, it passes that over.
/// </remarks>
internal static class RuntimePipes
{
    private static int[] s_ends = [];

    /// <summary>Takes note of them, before anybody else in this process has made a pipe: they are those that have both ends here.</summary>
    internal static void Remember()
    {
        ProcFile.TryList("/proc/self/fd", out List<int> numbers);
        Dictionary<string, List<(int Number, bool Writes)>> pipes = [];
        foreach (int number in numbers.Where(number => number > 2))
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{number}");
            if (ProcFile.TryReadLink(path, out string target) == 0 && target.StartsWith("pipe:", StringComparison.Ordinal))
            {
                using SafeDescriptorHandle end = new(number, ownsHandle: false);
                bool writes = (Os.Fcntl(end, FcntlCommand.GetStatusFlags) & 3) == 1;
                if (!pipes.TryGetValue(target, out List<(int, bool)>? ends))
                {
                    pipes.Add(target, ends = []);
                }

                ends.Add((number, writes));
            }
        }

        s_ends = [.. pipes.Values.Where(ends => ends.Count == 2 && ends[0].Writes != ends[1].Writes).SelectMany(ends => ends).Select(end => end.Number)];
    }

    /// <summary>In the child.</summary>
    internal static void Cut()
    {
        using SafeDescriptorHandle nothing = Os.Open("/dev/null");
        foreach (int end in s_ends)
        {
            Os.Dup3(nothing, end);
        }
    }
}
