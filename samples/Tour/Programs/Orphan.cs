using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>What a process sees of its parent once that has ended: it has been adopted.</summary>
internal static class Orphan
{
    internal static void Run()
    {
        using ChildProcess parent = ChildProcess.Start(BeParent, name: "parent", options: new() { StandardOutput = StandardStream.Pipe });
        using StreamReader output = new(parent.StandardOutput!);
        Console.WriteLine(output.ReadLine()); // the grandchild, while its parent lives

        parent.Kill();
        parent.Join();
        Console.WriteLine($"{parent.Pid} was killed (exit code {parent.ExitCode})");

        Console.Write(output.ReadToEnd()); // up to the end of the grandchild, who has the other end of the pipe by now
    }

    private static void BeParent()
    {
        // By default the kernel would kill the grandchild together with its parent.
        using ChildProcess grandchild = ChildProcess.Start(BeOrphaned, name: "grandchild", options: new() { KillOnParentExit = false });
        grandchild.Join();
    }

    private static void BeOrphaned()
    {
        using SafeDescriptorHandle parent = Os.PidFdOpen(Os.GetPpid());
        Tell("born");
        Os.Poll(parent, PollEvents.Readable); // readable once the parent has ended
        Tell("orphaned and adopted");
    }

    private static void Tell(string what)
    {
        int parent = Os.GetPpid();
        string name = ProcessInfo.TryOf(parent, out ProcessInfo? info) ? info.Name : "not to be seen from here";
        Console.WriteLine($"{Os.GetPid()} {what}: its parent is {parent} ({name})");
    }
}
