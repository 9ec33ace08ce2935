using System.Diagnostics;

namespace Multiprocessing.Tests;

public sealed class SystemProcessTests
{
    [Fact]
    [TimeLimit(120)]
    public void System_Diagnostics_Process_goes_on_working_beside_children()
    {
        Exception?[] failures = new Exception?[8];
        Thread[] threads = [.. Enumerable.Range(0, failures.Length).Select(index => new Thread(() => failures[index] = Record.Exception(() => StartSome(index))))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.All(failures, Assert.Null);
    }

    private static void StartSome(int index)
    {
        for (int i = 0; i < 20; i++)
        {
            if (index % 2 == 0)
            {
                using Process process = Process.Start("/bin/sh", ["-c", $"exit {index}"]);
                process.WaitForExit();
                Assert.Equal(index, process.ExitCode);
            }
            else
            {
                using ChildProcess child = ChildProcess.Start(() => ProcessExit.Exit(index));
                child.Join();
                Assert.Equal(index, child.ExitCode);
            }
        }
    }
}
