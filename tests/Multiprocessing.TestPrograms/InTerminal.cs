using System.Text;
using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>A program with children of every kind, for somebody at a terminal to press Ctrl-C. Each process that is up prints its ID.</summary>
internal static class InTerminal
{
    internal static int Run(string how)
    {
        AtExit.Register(how == "leaving" ? UpInFirst : () => Print("exit handler\n"));
        using CancellationTokenSource interrupted = new();
        switch (how)
        {
            case "quiet": // nobody uses System.Console, so that SIGINT has the system's own action
                StartAll(UpQuietly);
                Task call = ChildProcess.RunAsync(UpQuietly);
                UpInFirst();
                call.GetAwaiter().GetResult();
                return 0;
            case "await":
                StartAll(Up);
                call = ChildProcess.RunAsync(UpQuietly);
                Console.Write("");
                UpInFirst();
                call.GetAwaiter().GetResult();
                return 0;
            case "join":
                ChildProcess child = StartAll(UpQuietly); // dies at once, where this process dies by its runtime's hand
                _ = ChildProcess.RunAsync(Up);
                Console.Write("");
                UpInFirst();
                child.Join();
                Print("joined\n"); // not before the signal has ended this process, too
                return 0;
            case "leaving": // joins those that were forgotten
                StartAll(Up, daemon: false);
                Console.Write("");
                return 0;
            case "read":
                StartAll(Up);
                _ = ChildProcess.RunAsync(Up);
                UpInFirst();
                Console.ReadLine();
                return 0;
            case "starting":
                new Thread(StartWithoutEnd).Start();
                new Thread(StartWithoutEnd).Start();
                UpInFirst();
                while (true)
                {
                    Print(".");
                    ChildProcess.RunAsync(() => { }).GetAwaiter().GetResult();
                }

            case "handler":
                Console.CancelKeyPress += (_, key) =>
                {
                    key.Cancel = true;
                    interrupted.Cancel();
                };
                call = ChildProcess.RunAsync(UpQuietly, interrupted.Token);
                UpInFirst();
                try
                {
                    call.GetAwaiter().GetResult();
                    return 0;
                }
                catch (OperationCanceledException)
                {
                    return 7;
                }

            case "handler-join":
                Console.CancelKeyPress += (_, key) => key.Cancel = true;
                child = ChildProcess.Start(Up);
                UpInFirst();
                child.Join();
                return child.ExitCode == -2 ? 8 : 99;
            case "handler-in-child":
                Console.CancelKeyPress += (_, key) => key.Cancel = true;
                ChildProcess<int> answers = ChildProcess.Start(() =>
                {
                    using SemaphoreSlim pressed = new(0);
                    Console.CancelKeyPress += (_, key) =>
                    {
                        key.Cancel = true;
                        pressed.Release();
                    };
                    Print($"up {Environment.ProcessId}\n");
                    pressed.Wait();
                    return 9;
                });
                UpInFirst();
                return answers.Result.GetAwaiter().GetResult();
            default:
                throw new ArgumentException(how);
        }
    }

    /// <returns>The one that is to be joined.</returns>
    private static ChildProcess StartAll(Action up, bool daemon = true)
    {
        ChildProcess.Start(up, daemon: daemon);
        ChildProcess.Start(Busy);
        ChildProcess.Start(() =>
        {
            ChildProcess.Start(up);
            up();
        });
        return ChildProcess.Start(up);
    }

    private static void StartWithoutEnd()
    {
        while (true)
        {
            Print(".");
            using ChildProcess child = ChildProcess.Start(() => { });
            child.Join();
        }
    }

    private static void UpInFirst() => Print($"first {Environment.ProcessId}\n");

    private static void Up()
    {
        try
        {
            Console.WriteLine($"up {Environment.ProcessId}");
            Thread.Sleep(Timeout.Infinite);
        }
        finally
        {
            Console.WriteLine("finally");
        }
    }

    private static void UpQuietly()
    {
        Print($"up {Environment.ProcessId}\n");
        Thread.Sleep(Timeout.Infinite);
    }

    private static void Busy()
    {
        Print($"up {Environment.ProcessId}\n");
        while (true)
        {
        }
    }

    /// <summary>In one piece, and past System.Console.</summary>
    private static void Print(string text)
    {
        using SafeDescriptorHandle output = new(1, ownsHandle: false);
        Os.Write(output, Encoding.UTF8.GetBytes(text));
    }
}
