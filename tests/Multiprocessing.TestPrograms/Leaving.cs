using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>The first process of an application ends while it has children of every kind.</summary>
internal static class Leaving
{
    private static readonly ChildProcessOptions s_piped = new() { StandardInput = StandardStream.Pipe };

    internal static int Run(string how)
    {
        Os.SetLimit(Resource.Core, new ResourceLimit(0, 0));
        ChildProcess joined = ChildProcess.Start(
            () =>
            {
                if (Console.ReadLine() is not null) // lasts until the first process leaves
                {
                    Thread.Sleep(300); // time to go wrong
                    Console.WriteLine("joined child ends");
                }
            },
            options: s_piped);
        AtExit.Register(LetEnd, joined);
        switch (how)
        {
            case "daemon-that-stays":
                for (int i = 0; i < 4; i++)
                {
                    ChildProcess daemon = ChildProcess.Start(Stay, daemon: true, options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe });
                    daemon.StandardOutput!.ReadByte(); // SIGTERM is handled from now on
                }

                return 0;
            default:
                ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), daemon: true);
                break;
        }

        Task call = ChildProcess.RunAsync(() => Thread.Sleep(Timeout.Infinite));
        switch (how)
        {
            case "return":
                return 5;
            case "exit":
                ProcessExit.Exit(3);
                return 0;
            case "environment-exit":
                Environment.Exit(7);
                return 0;
            case "environment-exit-beside-a-join":
                new Thread(() => Environment.Exit(7)).Start();
                joined.Join();
                Thread.Sleep(Timeout.Infinite);
                return 0;
            case "return-while-starting":
                // Whatever is started too late to be looked after has the lifeline.
                for (int i = 0; i < 2; i++)
                {
                    new Thread(StartWithoutEnd) { IsBackground = true }.Start();
                }

                ChildProcess.RunAsync(() => { }).GetAwaiter().GetResult();
                return 6;
            case "throw":
                throw new InvalidOperationException("uncaught");
            case "await-in-thread":
                // Its exception, if the end of the call were one, would be the process's end.
                new Thread(() => call.GetAwaiter().GetResult()) { IsBackground = true }.Start();
                return 4;
            default:
                throw new ArgumentException(how);
        }
    }

    private static void LetEnd(ChildProcess joined)
    {
        Console.WriteLine("handler");
        joined.StandardInput!.Write("go\n"u8);
        joined.StandardInput.Flush();
    }

    private static void StartWithoutEnd()
    {
        while (true)
        {
            _ = ChildProcess.RunAsync(() => Thread.Sleep(Timeout.Infinite));
            ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), daemon: true);
            Thread.Sleep(50);
        }
    }

    private static void Stay()
    {
        using IDisposable handler = Os.Handle(Signal.Term, _ => { });
        Console.Write("!");
        Thread.Sleep(Timeout.Infinite);
    }
}
