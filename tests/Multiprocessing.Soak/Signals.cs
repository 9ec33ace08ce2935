using Multiprocessing.Posix;

namespace Multiprocessing.Soak;

/// <summary>Handlers that come and go.</summary>
internal static class Signals
{
    internal static int Run(int count, int seed)
    {
        Progress progress = new("signals", count, seed);
        Random random = new(seed);
        bool stop = false;
        Thread[] allocating = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            for (object? last = null; !Volatile.Read(ref stop); last = new byte[5_000])
            {
                GC.KeepAlive(last);
            }
        }))];
        Array.ForEach(allocating, thread => thread.Start());
        Signal[] signals = [Signal.Usr1, Signal.Usr2, Signal.Term, Signal.Hup, Signal.Alrm, Signal.RealTime(7)];
        for (int done = 0; done < count;)
        {
            Signal signal = signals[random.Next(signals.Length)];
            int handled = 0;
            using (Os.Handle(signal, _ => Interlocked.Increment(ref handled)))
            {
                int sent = random.Next(4);
                for (int i = 0; i < sent; i++)
                {
                    Os.Kill(Os.GetPid(), signal);
                }

                if (sent > 0 && random.Next(2) == 0 && !SpinWait.SpinUntil(() => Volatile.Read(ref handled) > 0, TimeSpan.FromSeconds(20)))
                {
                    Console.WriteLine($"{signal} was sent and not handled");
                    return 1;
                }
            }

            progress.Report(++done);
        }

        Volatile.Write(ref stop, true);
        Array.ForEach(allocating, thread => thread.Join());
        return 0;
    }
}
