using Multiprocessing.Posix;

namespace Multiprocessing.Soak;

/// <summary>Children with options drawn by lot, started from several threads and ended at any instant in every way that there is.</summary>
internal static class Lives
{
    private const int Threads = 4;
    private const int RuntimesOwn = 3; // both ends of a pipe that it makes once, and the console's copy of standard output, if that is a pipe

    private static int s_bad;

    internal static int Run(int count, int seed)
    {
        Progress progress = new("lives", count, seed);
        string[] before = OpenDescriptors();
        int done = 0;
        Thread[] threads = new Thread[Threads];
        for (int i = 0; i < Threads; i++)
        {
            Random random = new(seed + i);
            threads[i] = new Thread(() =>
            {
                while (Interlocked.Increment(ref done) is var number && number <= count)
                {
                    One(random);
                    lock (progress)
                    {
                        progress.Report(number);
                    }
                }
            });
            threads[i].Start();
        }

        Array.ForEach(threads, thread => thread.Join());
        int left = ChildProcess.ActiveChildren.Count;
        string[] leaked = [];
        SpinWait.SpinUntil(() => (leaked = [.. OpenDescriptors().Except(before)]).Length <= RuntimesOwn, TimeSpan.FromSeconds(10)); // a tee closes when it has read the end
        Console.WriteLine($"{s_bad} bad, {left} children left, {Zombies()} zombies, {leaked.Length} more pipes, sockets, pidfds and timers than before: {string.Join(' ', leaked)}");
        return s_bad == 0 && left == 0 && Zombies() == 0 && leaked.Length <= RuntimesOwn ? 0 : 1;
    }

    private static void One(Random random)
    {
        bool fails = random.Next(8) == 0;
        ChildProcessOptions options = Draw(random, fails);
        int code = random.Next(200);
        int lifetime = random.Next(60);
        ChildProcess? child = null;
        try
        {
            child = random.Next(2) == 0
                ? ChildProcess.Start(() => Live(lifetime, code), options: options)
                : ChildProcess.Start(() => LiveAndReturn(lifetime, code), options: options);
            Expect(!fails || options.Timeout is not null, "a start that should have failed has not"); // unless its time was over first
            End(child, random);
            ChildExitStatus status = child.ExitStatus!;
            bool isRight = status.Reason switch
            {
                StopReason.Exited => status.ExitCode == code,
                StopReason.Signaled => status.Signal == Signal.Kill || status.Signal == Signal.Term,
                StopReason.TimedOut => options.Timeout is not null,
                _ => false,
            };
            Expect(isRight, $"{child} {status} with {options}, code {code}");
        }
        catch (ChildStartException failure)
        {
            Expect(fails && failure.Option == nameof(ChildProcessOptions.WorkingDirectory), failure.Message);
        }
        finally
        {
            child?.Dispose();
        }
    }

    private static ChildProcessOptions Draw(Random random, bool fails) => new()
    {
        Nice = random.Next(3) == 0 ? 1 : null,
        WorkingDirectory = fails ? "/no/such/directory" : random.Next(3) == 0 ? "/" : null,
        NewSession = random.Next(4) == 0,
        MemoryLimit = random.Next(4) == 0 ? 1L << 28 : null,
        CpuTimeLimit = random.Next(4) == 0 ? TimeSpan.FromSeconds(60) : null,
        Timeout = random.Next(3) == 0 ? TimeSpan.FromMilliseconds(1 + random.Next(80)) : null,
        TerminateTimeout = random.Next(2) == 0 ? TimeSpan.FromMilliseconds(random.Next(20)) : TimeSpan.Zero,
        StandardOutput = (StandardStream)random.Next(5),
        StandardError = (StandardStream)random.Next(5),
        KillOnParentExit = random.Next(4) != 0,
    };

    private static void End(ChildProcess child, Random random)
    {
        Thread.Sleep(random.Next(50)); // any instant of its life
        switch (random.Next(6))
        {
            case 0: child.Kill(); break;
            case 1: child.Terminate(); break;
            case 2: child.StopAsync(TimeSpan.FromMilliseconds(random.Next(30))).Wait(); break;
            case 3: _ = ChildProcess.ActiveChildren; break;
            default: break; // it ends by itself
        }

        child.Join();
    }

    private static void Live(int lifetime, int code)
    {
        Thread.Sleep(lifetime);
        ProcessExit.Exit(code);
    }

    private static int LiveAndReturn(int lifetime, int code)
    {
        Live(lifetime, code);
        return code;
    }

    private static void Expect(bool isRight, string what)
    {
        if (!isRight)
        {
            Interlocked.Increment(ref s_bad);
            Console.WriteLine(what);
        }
    }

    /// <summary>Of the kinds that belong to a child; the runtime opens assemblies, and the library its watchers, once.</summary>
    private static string[] OpenDescriptors() =>
    [
        .. ProcessInfo.Current.Descriptors
            .Where(descriptor => descriptor.Target.StartsWith("pipe:", StringComparison.Ordinal) || descriptor.Target.StartsWith("socket:", StringComparison.Ordinal)
                || descriptor.Target is "anon_inode:[pidfd]" or "anon_inode:[timerfd]")
            .Select(descriptor => $"{descriptor.Number}={descriptor.Target}"),
    ];

    private static int Zombies() => ProcessInfo.Current.Children.Count(child => child.State == ProcessState.Zombie);
}
