using System.Globalization;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>What belongs to the whole process in POSIX, but on Linux to each thread: the nice value and the processors.</summary>
internal static class AllThreads
{
    /// <summary>Does something to every thread that there is; threads that come later inherit it from the one that makes them.</summary>
    /// <remarks>A thread that is not done yet may make another while we look, so it is over when a look finds nobody new.</remarks>
    internal static void Do(Action<int> change)
    {
        HashSet<int> done = [];
        for (bool found = true; found;)
        {
            found = false;
            foreach (string folder in Directory.GetDirectories("/proc/self/task"))
            {
                int thread = int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture);
                if (done.Add(thread))
                {
                    found = true;
                    Change(thread, change);
                }
            }
        }
    }

    private static void Change(int thread, Action<int> change)
    {
        try
        {
            change(thread);
        }
        catch (PosixException exception) when (exception.Errno == Errno.ESRCH)
        {
            // It has ended.
        }
    }
}
