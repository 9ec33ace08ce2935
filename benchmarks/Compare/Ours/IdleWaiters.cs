using System.Diagnostics;
using Multiprocessing;
using Multiprocessing.Posix;

namespace Compare;

/// <summary>What a child with 100 waits for a queue uses while nothing comes, in percent of a processor: half of them threads in Get, half of them asynchronous.</summary>
internal static class IdleWaiters
{
    private const int Count = 100;

    // Starting and compiling are over by then.
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(1.5);

    internal static double[] Measure(Effort effort)
    {
        TimeSpan span = TimeSpan.FromSeconds(effort.Pick(10, 2));
        using ProcessQueue<int> queue = new();
        (Connection ours, Connection theirs) = Pipe.Create();
        using Connection control = ours;
        using ChildProcess child = ChildProcess.Start(() => Wait(queue, theirs, span));
        theirs.Dispose();
        double percent = control.Receive<double>();

        // They did wait, all of them: each gets one item.
        for (int i = 1; i <= Count; i++)
        {
            queue.Put(i);
        }

        Arrived.Check(Count * (Count + 1L) / 2, control.Receive<long>());
        child.Join();
        Arrived.Check(0, child.ExitCode);
        return [percent];
    }

    private static async Task Wait(ProcessQueue<int> queue, Connection control, TimeSpan span)
    {
        int[] items = new int[Count];
        Thread[] threads = [.. Enumerable.Range(0, Count / 2).Select(i => new Thread(() => items[i] = queue.Get()) { IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        Task<int>[] waits = [.. Enumerable.Range(0, Count / 2).Select(_ => queue.GetAsync().AsTask())];

        Thread.Sleep(s_settling);
        TimeSpan before = Os.ClockGetTime(ClockId.ProcessCpuTime);
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(span);
        TimeSpan used = Os.ClockGetTime(ClockId.ProcessCpuTime) - before;
        control.Send(100 * (used / Stopwatch.GetElapsedTime(start)));

        Array.ForEach(threads, thread => thread.Join());
        control.Send(items.Sum(item => (long)item) + (await Task.WhenAll(waits)).Sum(item => (long)item));
    }
}
