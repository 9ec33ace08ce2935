using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>The order of the functions around a fork.</summary>
internal static class ForkHooksRun
{
    internal static int Run()
    {
        Os.RegisterAtFork(() => Console.WriteLine("before 1"), () => Console.WriteLine("parent 1"), () => Console.WriteLine("child 1"));
        Os.RegisterAtFork(() => Console.WriteLine("before 2"), () => Console.WriteLine("parent 2"), () => Console.WriteLine("child 2"));
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        Os.RegisterAtFork(afterInParent: () =>
        {
            write.Dispose();
            Os.Read(read, new byte[1]); // the parent's hooks after the child's, so that the output has one order
        });
        int pid = Os.Fork();
        if (pid == 0)
        {
            return 0;
        }

        return Os.WaitPid(pid).Status.ToExitCode();
    }
}
