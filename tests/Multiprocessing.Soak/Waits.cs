using Multiprocessing.Posix;

namespace Multiprocessing.Soak;

/// <summary>Children taken by several waits at once.</summary>
internal static class Waits
{
    private const int AtOnce = 16;

    internal static int Run(int count, int seed)
    {
        Progress progress = new("waits", count, seed);
        Random random = new(seed);
        for (int done = 0; done < count;)
        {
            List<(ChildProcess Child, int Code)> children = [];
            for (int i = 0; i < AtOnce; i++)
            {
                int code = random.Next(200);
                ChildProcess child = ChildProcess.Start(() => Os._Exit(code));
                bool kill = random.Next(3) == 0;
                if (kill)
                {
                    child.Kill();
                }

                children.Add((child, kill ? -9 : code));
            }

            Task[] waiting =
            [
                Task.Run(WaitForAll),
                Task.Run(WaitForAll),
                Task.Run(() => children.ForEach(child => child.Child.Join())),
                Task.Run(() => children.ForEach(child => SpinWait.SpinUntil(() => !child.Child.IsAlive))),
            ];
            if (!Task.WaitAll(waiting, TimeSpan.FromSeconds(60)))
            {
                Console.WriteLine("hung");
                Console.ReadLine(); // for a debugger
            }

            foreach ((ChildProcess child, int code) in children)
            {
                // One that was killed may have been faster.
                if (child.ExitCode != code && !(code == -9 && child.ExitCode >= 0))
                {
                    Console.WriteLine($"{child.Name} (pid {child.Pid}) should have {code}, but has {child.ExitCode}");
                    return 1;
                }

                child.Close();
            }

            done += AtOnce;
            progress.Report(done);
        }

        return 0;
    }

    private static void WaitForAll()
    {
        try
        {
            while (true)
            {
                Os.Wait();
            }
        }
        catch (NoChildProcessException)
        {
            // None is left.
        }
    }
}
