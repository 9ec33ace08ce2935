using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>In children, since most of it cannot be taken back.</summary>
public sealed class PrctlTests
{
    [Fact]
    public async Task Properties_of_a_process_can_be_set_and_read()
    {
        int[] seen = await ChildProcess.RunAsync(() =>
        {
            int dumpable = Os.Prctl(PrctlOption.GetDumpable);
            Os.Prctl(PrctlOption.SetDumpable, 0);
            int undumpable = Os.Prctl(PrctlOption.GetDumpable);
            Os.Prctl(PrctlOption.SetDumpable, 1);
            Os.Prctl(PrctlOption.SetParentDeathSignal, Signal.Usr2.Number);
            Os.Prctl(PrctlOption.GetParentDeathSignal, out nint signal);
            Os.Prctl(PrctlOption.SetParentDeathSignal);
            Os.Prctl(PrctlOption.GetParentDeathSignal, out nint none);
            int open = Os.Prctl(PrctlOption.GetNoNewPrivileges);
            Os.Prctl(PrctlOption.SetNoNewPrivileges, 1);
            int closed = Os.Prctl(PrctlOption.GetNoNewPrivileges);
            return new[] { dumpable, undumpable, (int)signal, (int)none, open, closed };
        });
        Assert.Equal([1, 0, 12, 0, 0, 1], seen);
    }

    [Fact]
    public async Task What_cannot_be_set_is_an_error()
    {
        int[] seen = await ChildProcess.RunAsync(() =>
        {
            int[] errors = new int[2];
            errors[0] = ErrorOf(PrctlOption.SetParentDeathSignal, 99);
            errors[1] = ErrorOf(PrctlOption.SetNoNewPrivileges, 0);
            return errors;
        });
        Assert.Equal([22, 22], seen);
    }

    [Fact]
    public async Task A_subreaper_gets_the_children_of_children_that_have_gone()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            Os.Prctl(PrctlOption.GetChildSubreaper, out nint before);
            Os.Prctl(PrctlOption.SetChildSubreaper, 1);
            Os.Prctl(PrctlOption.GetChildSubreaper, out nint after);

            // The shell starts a program in the background and goes.
            int shell = Os.PosixSpawn("/bin/sh", ["sh", "-c", "(exit 7) & exit 3"]);
            int first = Os.WaitId(IdType.Pid, shell, WaitIdOptions.Exited)!.Status.ExitStatus;
            int second = Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited)!.Status.ExitStatus;
            Os.Prctl(PrctlOption.SetChildSubreaper, 0);
            return $"{before} {after} {first} {second}";
        });
        Assert.Equal("0 1 3 7", seen);
    }

    private static int ErrorOf(PrctlOption option, int argument)
    {
        try
        {
            Os.Prctl(option, argument);
            return 0;
        }
        catch (PosixException failure)
        {
            return failure.Errno;
        }
    }
}
