using System.Diagnostics;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>A child is led through all the states of a process; each one is read from the kernel.</summary>
internal static class States
{
    private const FcntlCommand SetLease = (FcntlCommand)1024;
    private const int WriteLease = 1;
    private const int NoLease = 2;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    internal static void Run()
    {
        Console.WriteLine("""
                                     gets a processor
            New --exec--> Ready <---------------------> Running --ends--> Zombie --waited for--> Terminated
                            ^        loses it              |
                            |                              | waits for input, time, ...
                            +----- has it ---- Waiting <---+
            From each of these three: --SIGSTOP--> Stopped --SIGCONT--> back again.

            """);

        DirectoryInfo folder = Directory.CreateTempSubdirectory("states-");
        string program = Path.Combine(folder.FullName, "sh");
        File.Copy("/bin/sh", program);
        (SafeDescriptorHandle childsInput, SafeDescriptorHandle input) = Os.Pipe2();
        using (childsInput)
        using (input)
        {
            // posix_spawn returns when the child has got through its exec. So that there is time to look, the exec is held up: by a lease
            // on the program's file (see F_SETLEASE in fcntl(2)), which has to be given back before anyone else may open it.
            using SafeDescriptorHandle lease = Os.Open(program);
            Os.Fcntl(lease, FcntlCommand.SetSignal, Signal.Winch.Number); // the signal that asks for it back; one that does no harm
            Os.Fcntl(lease, SetLease, WriteLease);
            string[] command = [program, "-c", "read line; while :; do :; done"];
            PosixSpawnOptions options = new() { Descriptors = new Dictionary<int, int> { [0] = childsInput.Number, [1] = 1, [2] = 2 } };
            Thread starter = new(() => Os.PosixSpawn(program, command, options: options));
            int[] before = [.. ProcessInfo.Current.Children.Select(c => c.Id)];
            starter.Start();
            ProcessInfo child = FirstNew(before);
            Show("posix_spawn", child, ProcessState.New);

            Os.Fcntl(lease, SetLease, NoLease);
            starter.Join();
            Show("exec, and it reads from an empty pipe", child, ProcessState.Waiting);

            Os.Write(input, "go\n"u8);
            Show("there is something to read", child, ProcessState.Running);

            int rival = Os.PosixSpawn("/bin/sh", ["sh", "-c", "while :; do :; done"]);
            KeepOnOneProcessor(child.Id, rival);
            Show("another one has its processor", child, ProcessState.Ready);

            End(rival);
            Show("the other one has ended", child, ProcessState.Running);

            Os.Kill(child.Id, Signal.Stop);
            Show("SIGSTOP", child, ProcessState.Stopped);

            Os.Kill(child.Id, Signal.Cont);
            Show("SIGCONT", child, ProcessState.Running);

            Os.Kill(child.Id, Signal.Kill);
            Show("SIGKILL", child, ProcessState.Zombie);

            Os.WaitId(IdType.Pid, child.Id, WaitIdOptions.Exited);
            Show("waitid", child, ProcessState.Terminated);
        }

        folder.Delete(recursive: true);
    }

    private static ProcessInfo FirstNew(int[] before)
    {
        while (true)
        {
            if (ProcessInfo.Current.Children.FirstOrDefault(c => !before.Contains(c.Id)) is { } child)
            {
                return child;
            }
        }
    }

    private static void Show(string cause, ProcessInfo child, ProcessState expected)
    {
        // No event tells of the scheduler's decisions, so the state is read until it is there. Beside many busy processes that takes a few looks.
        ProcessState state = child.State;
        for (long start = Stopwatch.GetTimestamp(); state != expected && Stopwatch.GetElapsedTime(start) < s_patience; state = child.State)
        {
            Thread.Yield();
        }

        Console.WriteLine($"{child.Id}  {cause,-38} -> {state}");
    }

    private static void KeepOnOneProcessor(params int[] processes)
    {
        foreach (int id in processes)
        {
            using Process process = Process.GetProcessById(id);
            process.ProcessorAffinity = 1;
        }
    }

    private static void End(int process)
    {
        Os.Kill(process, Signal.Kill);
        Os.WaitId(IdType.Pid, process, WaitIdOptions.Exited);
    }
}
