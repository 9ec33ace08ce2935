using System.Diagnostics;

namespace Multiprocessing.Tests;

public sealed class SystemProcessTests
{
    private const int Starts = 500; // of each
    private const int Threads = 8; // for each

    [Fact]
    [TimeLimit(300)]
    public void Five_hundred_starts_of_System_Diagnostics_Process_and_of_ChildProcess_each_at_the_same_time_disturb_each_other_in_nothing()
    {
        int children = 0;
        int processes = 0;
        using SemaphoreSlim childStarts = new(0); // a process for each child, at the moment of its start
        using Barrier together = new(2 * Threads);
        Exception?[] failures = new Exception?[2 * Threads];
        Thread[] threads = [.. Enumerable.Range(0, failures.Length).Select(index => new Thread(() => failures[index] = Record.Exception(() =>
        {
            together.SignalAndWait();
            if (index % 2 == 0)
            {
                for (int i = Interlocked.Increment(ref children); i <= Starts; i = Interlocked.Increment(ref children))
                {
                    childStarts.Release();
                    StartChild(i);
                }
            }
            else
            {
                for (int i = Interlocked.Increment(ref processes); i <= Starts; i = Interlocked.Increment(ref processes))
                {
                    childStarts.Wait();
                    StartProcess(i);
                }
            }
        })))];
        long start = Stopwatch.GetTimestamp();
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.All(failures, Assert.Null);
        Assert.Empty(ChildProcess.ActiveChildren);
        TestContext.Current.SendDiagnosticMessage($"{Starts} starts of each in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
    }

    private static void StartProcess(int i)
    {
        ProcessStartInfo start = new("/bin/sh", ["-c", $"read line; echo $line; echo error >&2; {(i % 5 == 0 ? "kill -9 $$" : $"exit {i % 256}")}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        using (StreamWriter input = process.StandardInput)
        {
            input.WriteLine($"line {i}");
        }

        using StreamReader output = process.StandardOutput;
        using StreamReader error = process.StandardError;
        Assert.Equal($"line {i}\n", output.ReadToEnd());
        Assert.Equal("error\n", error.ReadToEnd());
        process.WaitForExit();
        Assert.Equal(i % 5 == 0 ? 128 + 9 : i % 256, process.ExitCode);
    }

    private static void StartChild(int i)
    {
        switch (i % 4)
        {
            case 0:
                Assert.Equal(i, ChildProcess.RunAsync(() => i).GetAwaiter().GetResult());
                break;
            case 1:
                using (ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite)))
                {
                    child.Kill();
                    child.Join();
                    Assert.Equal(-9, child.ExitCode);
                }

                break;
            default:
                using (ChildProcess child = ChildProcess.Start(() => Echo(i), options: new ChildProcessOptions { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe }))
                {
                    using (StreamWriter input = new(child.StandardInput!))
                    {
                        input.WriteLine($"line {i}");
                    }

                    using StreamReader output = new(child.StandardOutput!);
                    Assert.Equal($"line {i}\n", output.ReadToEnd());
                    child.Join();
                    Assert.Equal(i % 256, child.ExitCode);
                }

                break;
        }
    }

    private static void Echo(int code)
    {
        Console.WriteLine(Console.ReadLine());
        ProcessExit.Exit(code);
    }
}
