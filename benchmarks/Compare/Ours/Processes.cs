using System.Diagnostics;
using Multiprocessing;
using Multiprocessing.Posix;

namespace Compare;

/// <summary>What it costs to start a child.</summary>
internal static class Processes
{
    private static readonly string s_empty = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../../../Empty/bin", Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!, "net10.0/Empty"));

    internal static double[] StartAndJoin(Effort effort) => Repeat(effort, () =>
    {
        ChildProcess child = new(Nothing);
        child.Start();
        child.Join();
        return () => End(child);
    });

    /// <summary>From making pipe and child to holding the first message that the child sent.</summary>
    internal static double[] FirstResult(Effort effort) => Repeat(effort, () =>
    {
        (Connection reader, Connection writer) = Pipe.Create(duplex: false);
        ChildProcess child = new(() => writer.Send(42));
        child.Start();
        writer.Dispose();
        int result = reader.Receive<int>();
        return () =>
        {
            Arrived.Check(42, result);
            reader.Dispose();
            End(child);
        };
    });

    /// <summary>A .NET program with nothing in it: what a start costs at the least.</summary>
    internal static double[] RunEmptyProgram(Effort effort) => Repeat(effort, () =>
    {
        WaitStatus status = Os.WaitPid(Os.PosixSpawn(s_empty, [s_empty])).Status;
        return () => Arrived.Check(0, status.ToExitCode());
    });

    /// <param name="effort">How often.</param>
    /// <param name="action">What is measured; it returns what checks and tidies up, which is not.</param>
    /// <returns>Milliseconds.</returns>
    private static double[] Repeat(Effort effort, Func<Action> action)
    {
        const int WarmUps = 2;
        double[] samples = new double[WarmUps + effort.Pick(15, 5)];
        for (int i = 0; i < samples.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Action tidyUp = action();
            samples[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            tidyUp();
        }

        return samples[WarmUps..];
    }

    private static void End(ChildProcess child)
    {
        child.Join();
        Arrived.Check(0, child.ExitCode);
        child.Close();
    }

    private static void Nothing()
    {
    }
}
