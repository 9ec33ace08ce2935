using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>The runtime's handler of SIGCHLD comes on top of ours, with the first Process, and calls ours; another handler of ours must not make the two call each other without end.</summary>
internal static class SigchldOnTop
{
    internal static int Run()
    {
        using SemaphoreSlim handled = new(0);
        using (Os.Handle(Signal.Chld, _ => handled.Release()))
        {
            Await("first", handled);
            using IDisposable second = Os.Handle(Signal.Chld, _ => handled.Release());
            Await("second", handled);
        }

        using IDisposable third = Os.Handle(Signal.Chld, _ => handled.Release());
        Await("third", handled);
        return 0;
    }

    private static void Await(string which, SemaphoreSlim handled)
    {
        using Process process = Process.Start("/bin/true");
        process.WaitForExit();
        Console.WriteLine($"{which} {handled.Wait(TimeSpan.FromSeconds(20))}");
    }
}
