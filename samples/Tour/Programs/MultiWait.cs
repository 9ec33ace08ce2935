using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>Children that sleep for as many seconds as their arguments say; the parent waits for them as they end, until there are none.</summary>
internal static class MultiWait
{
    internal static void Run(int[] seconds)
    {
        List<ChildProcess> children = [];
        foreach (int time in seconds)
        {
            ChildProcess child = ChildProcess.Start(() => Thread.Sleep(TimeSpan.FromSeconds(time)));
            children.Add(child);
            Console.WriteLine($"[{DateTime.Now:HH:mm:ss}] child {children.Count} started with PID {child.Pid}, sleeping {time} seconds");
        }

        int dead = 0;
        while (true)
        {
            try
            {
                (int pid, _) = Os.Wait();
                dead++;
                Console.WriteLine($"[{DateTime.Now:HH:mm:ss}] wait() returned child PID {pid} (num_dead={dead})");
            }
            catch (NoChildProcessException)
            {
                Console.WriteLine("No more child processes - bye!");
                break;
            }
        }

        // Taken by Os.Wait, and still known to their objects.
        Console.WriteLine($"exit codes: {string.Join(", ", children.Select(child => child.ExitCode))}");
        children.ForEach(child => child.Close());
    }
}
