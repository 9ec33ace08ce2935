using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>The smallest shell: reads a line, forks, the child executes it, the parent waits.</summary>
internal static class ForkShell
{
    internal static int Run()
    {
        while (Console.ReadLine() is { } line)
        {
            int pid = Os.Fork();
            if (pid == 0)
            {
                string[] words = line.Split(' ');
                try
                {
                    Os.Execvp(words[0], words);
                }
                catch (PosixException failure)
                {
                    Console.WriteLine(failure.Message);
                    Os._Exit(127);
                }
            }

            Console.WriteLine(Os.WaitPid(pid).Status);
        }

        return 0;
    }
}
