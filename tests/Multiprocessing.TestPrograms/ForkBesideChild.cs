using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>A ChildProcess dies with its parent, although a process that the parent has forked lives on.</summary>
internal static class ForkBesideChild
{
    internal static int Run()
    {
        ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
        int forked = Os.Fork();
        if (forked == 0)
        {
            // Waits for the end of its parent's child, which is none of its own.
            using SafeDescriptorHandle process = Os.PidFdOpen(child.Pid!.Value);
            Console.WriteLine($"active in the forked process: {ChildProcess.ActiveChildren.Count}");
            Os.Kill(Os.GetPpid(), Signal.Kill);
            Console.WriteLine(Os.Poll(process, PollEvents.Readable, TimeSpan.FromSeconds(20)) == PollEvents.None ? "the child lives on" : "the child has died with its parent");
            return 0;
        }

        Thread.Sleep(Timeout.Infinite);
        return 0;
    }
}
