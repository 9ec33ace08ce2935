using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>Whether a forked child is a whole .NET process. Prints the first thing that is not so; nothing is printed when all works.</summary>
internal static class ForkWorks
{
    private static int s_finalized;

    internal static int Run()
    {
        int before = Environment.ProcessId; // the runtime keeps it
        int pid = Os.Fork();
        if (pid > 0)
        {
            WaitStatus status = Os.WaitPid(pid).Status;
            Drop();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Check(s_finalized == 100, "finalizers in the parent");
            return status.ToExitCode();
        }

        Check(Environment.ProcessId == Os.GetPid() && Environment.ProcessId != before, "Environment.ProcessId");
        Check(Os.GetPpid() == before, "the parent's ID");
        Collect();
        Compute();
        Schedule().GetAwaiter().GetResult();
        StartProcess();
        Talk().GetAwaiter().GetResult();
        return 0;
    }

    private static void Collect()
    {
        Drop();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Check(s_finalized == 100, "finalizers");
        List<byte[]> live = [];
        for (int i = 0; i < 50_000; i++)
        {
            byte[] block = new byte[2_000];
            if (i % 100 == 0)
            {
                live.Add(block);
            }
        }

        Check(GC.CollectionCount(0) > 0 && live.Count == 500, "collections");
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void Compute()
    {
        Check(Regex.Match("from 12 to 34", @"(\d+)\D+(\d+)").Groups[2].Value == "34", "regular expressions");
        Check(JsonSerializer.Serialize(new Dictionary<string, int> { ["a"] = 1 }) == "{\"a\":1}", "JSON");
        string? trace = null;
        try
        {
            throw new InvalidOperationException("here");
        }
        catch (InvalidOperationException exception)
        {
            trace = exception.ToString();
        }

        Check(trace.Contains(nameof(Compute), StringComparison.Ordinal), "stack traces");
        try
        {
            Check(((string)null!).Length < 0, "a null reference");
        }
        catch (NullReferenceException)
        {
            trace = null;
        }

        Check(trace is null, "null references");
    }

    private static async Task Schedule()
    {
        int sum = 0;
        await Parallel.ForEachAsync(Enumerable.Range(1, 100), async (i, _) =>
        {
            await Task.Delay(1);
            Interlocked.Add(ref sum, i);
        });
        Check(sum == 5050, "the pool and timers");
        bool joined = false;
        Thread thread = new(() => joined = true);
        thread.Start();
        thread.Join();
        Check(joined, "threads");
    }

    private static void StartProcess()
    {
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "echo out; exit 3"]) { RedirectStandardOutput = true })!;
        Check(process.StandardOutput.ReadToEnd() == "out\n", "a process's output");
        process.WaitForExit();
        Check(process.ExitCode == 3, "a process's exit code");
    }

    private static async Task Talk()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TcpClient client = new();
        Task<TcpClient> accepting = listener.AcceptTcpClientAsync();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using TcpClient server = await accepting;
        await client.GetStream().WriteAsync(new byte[] { 42 });
        byte[] got = new byte[1];
        Check(await server.GetStream().ReadAsync(got) == 1 && got[0] == 42, "sockets");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop()
    {
        s_finalized = 0;
        for (int i = 0; i < 100; i++)
        {
            _ = new Finalizable();
        }
    }

    private static void Check(bool works, string what)
    {
        if (!works)
        {
            Console.WriteLine($"does not work: {what}");
            Os._Exit(1);
        }
    }

    private sealed class Finalizable
    {
#pragma warning disable MA0055 // that it runs is what is tested
        ~Finalizable() => Interlocked.Increment(ref s_finalized);
#pragma warning restore MA0055
    }
}
