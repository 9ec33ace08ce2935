using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>Handlers from before a fork: what the child does with its own leaves the parent alone, and a signal that is sent at once is not lost.</summary>
internal static class ForkInheritedHandlers
{
    private const int Forks = 20;

    internal static int Run()
    {
        int parent = Os.GetPid();
        int inParent = 0;
        IDisposable interrupt = Os.Handle(Signal.Int, _ => { });
        using IDisposable user = Os.Handle(Signal.Usr1, _ =>
        {
            if (Os.GetPid() == parent)
            {
                inParent++;
            }
            else
            {
                Os._Exit(42);
            }
        });
        for (int i = 0; i < Forks; i++)
        {
            int pid = Os.Fork();
            if (pid == 0)
            {
                Thread.Sleep(Timeout.Infinite);
            }

            Os.Kill(pid, Signal.Usr1);
            if (Os.WaitPid(pid).Status != new WaitStatus(42 << 8))
            {
                Console.WriteLine("the child has lost its signal");
            }
        }

        int disposing = Os.Fork();
        if (disposing == 0)
        {
            interrupt.Dispose();
            Os.Raise(Signal.Int); // the runtime's handler would send it to the parent
            Thread.Sleep(Timeout.Infinite);
        }

        interrupt.Dispose();
        Console.WriteLine($"{Os.WaitPid(disposing).Status}, {inParent} signals in the parent");
        return 0;
    }
}
