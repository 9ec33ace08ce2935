using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing.Soak;

/// <summary>Forks, several children at a time.</summary>
internal static class Forks
{
    private const int AtOnce = 4;
    private const int Limit = 200; // exit codes

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    internal static int Run(int count, int seed)
    {
        Progress progress = new("forks", count, seed);
        Random random = new(seed);
        Dictionary<int, (int Code, int Work)> running = [];
        for (int done = 0; done < count;)
        {
            while (running.Count < AtOnce && done + running.Count < count)
            {
                int code = random.Next(Limit);
                int work = random.Next(Work.Length);
                int pid = Os.Fork();
                if (pid == 0)
                {
                    Work[work]();
                    return code;
                }

                running.Add(pid, (code, work));
            }

            (int ended, WaitStatus status) = WaitForOne(running);
            (int expected, int kind) = running[ended];
            running.Remove(ended);
            if (!status.Exited || status.ExitStatus != expected)
            {
                Console.WriteLine($"child {ended} with work {kind} should have exited with {expected}, but: {status}");
                return 1;
            }

            progress.Report(++done);
        }

        return 0;
    }

    private static Action[] Work { get; } =
    [
        () => { },
        GC.Collect,
        () => Task.Run(() => new byte[1_000_000].Length).Wait(),
        () => Task.Delay(5).Wait(),
        () => Parallel.For(0, 100, i => GC.KeepAlive(new byte[i * 100])),
        () =>
        {
            using Process process = Process.Start("/bin/true");
            process.WaitForExit();
        },
        () =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        },
        () =>
        {
            try
            {
                throw new InvalidOperationException();
            }
            catch (InvalidOperationException exception)
            {
                GC.KeepAlive(exception.ToString());
            }
        },
        () =>
        {
            int pid = Os.Fork();
            if (pid == 0)
            {
                Os._Exit(0);
            }

            Os.WaitPid(pid);
        },
    ];

    private static (int Pid, WaitStatus Status) WaitForOne(Dictionary<int, (int Code, int Work)> running)
    {
        List<SafeDescriptorHandle> processes = [.. running.Keys.Select(Os.PidFdOpen)];
        try
        {
            PollDescriptor[] ends = [.. processes.Select(process => new PollDescriptor(process.Number, PollEvents.Readable))];
            if (Os.Poll(ends, s_patience) == 0)
            {
                Console.WriteLine($"hung: {string.Join(", ", running.Select(child => $"{child.Key} with work {child.Value.Work}"))}");
                Console.ReadLine(); // for a debugger
            }

            return Os.Wait();
        }
        finally
        {
            processes.ForEach(process => process.Dispose());
        }
    }
}
