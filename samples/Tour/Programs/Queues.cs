using Multiprocessing;

namespace Tour.Programs;

/// <summary>A child puts one item of several values into a queue that it has as its argument; the parent gets it.</summary>
internal static class Queues
{
    internal static void Run()
    {
        using ProcessQueue<object?[]> queue = new();
        using ChildProcess child = new(PutOne, [queue]);
        child.Start();
        Messages.Print(queue.Get());
        child.Join();
    }

    private static void PutOne(ProcessQueue<object?[]> queue) => queue.Put([42, null, "hello"]);
}
