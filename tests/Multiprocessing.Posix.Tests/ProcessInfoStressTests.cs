using System.Diagnostics;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class ProcessInfoStressTests
{
    private const int NoSuchProcess = 3;
    private const int NotThere = 2;
    private const int NotAllowed = 13; // even root may not see the whole of a process that may do more

    [Fact]
    [TimeLimit(200)] // a few seconds, unless the machine is busy: compilers run beside it in continuous integration
    public void Whole_of_proc_is_read_while_processes_come_and_go()
    {
        string[] padding = [.. Enumerable.Repeat(new string('0', 100), 300)];
        KeyValuePair<string, string>[] environment = [.. Enumerable.Range(0, 300).Select(i => new KeyValuePair<string, string>($"NAME{i}", new string('y', 100)))];
        using CancellationTokenSource enough = new();
        int started = 0;
        Thread[] starters = [.. Enumerable.Range(0, 2).Select(i => new Thread(() =>
        {
            string[] arguments = ["sleep", i == 0 ? "0.02" : "0.5", .. padding]; // some that are soon gone, some that can be read whole on a busy machine
            while (!enough.IsCancellationRequested)
            {
                Os.WaitId(IdType.Pid, Os.PosixSpawnp("sleep", arguments, environment), WaitIdOptions.Exited);
                Interlocked.Increment(ref started);
            }
        }))];
        Array.ForEach(starters, s => s.Start());

        (int read, int gone, int whole, int maps) = (0, 0, 0, 0);
        List<string> wrong = [];
        HashSet<ProcessState> states = [];
        try
        {
            for (long start = Stopwatch.GetTimestamp(); !Enough(Stopwatch.GetElapsedTime(start).TotalSeconds);)
            {
                ReadAll();
            }
        }
        finally
        {
            enough.Cancel();
            Array.ForEach(starters, s => s.Join());
        }

        TestContext.Current.SendDiagnosticMessage($"{started} started, {read} read, {gone} gone meanwhile, {whole} command lines and {maps} maps of them whole; states {string.Join(", ", states)}");
        Assert.Empty(wrong);
        Assert.True(gone > 0 && whole > 5 && maps > 5);

        bool Enough(double seconds) => seconds > 150 || (seconds > 4 && started > 50 && read > 500 && gone > 0 && whole > 5 && maps > 5);

        void ReadAll()
        {
            IEnumerable<string> names = Directory.GetDirectories("/proc").Select(d => Path.GetFileName(d)).Where(n => char.IsAsciiDigit(n[0]));
            foreach (int pid in names.Select(int.Parse).OrderDescending()) // the newest first: they are soon gone
            {
                try
                {
                    if (!ProcessInfo.TryOf(pid, out ProcessInfo? info))
                    {
                        gone++;
                        continue;
                    }

                    states.Add(info.State);
                    LooksWhole(info);
                    Array.ForEach(ProcessInfoTests.Readers(info)[..^1], Try);
                    read++;

                    void Try(Action ask)
                    {
                        try
                        {
                            ask();
                        }
                        catch (PosixException failure) when (failure.Errno is NoSuchProcess or NotAllowed || (failure.Errno is NotThere && failure.Path!.EndsWith("/cwd", StringComparison.Ordinal)))
                        {
                            gone++;
                        }
                    }
                }
                catch (PosixException failure) when (failure.Errno is NoSuchProcess or NotAllowed)
                {
                    gone++;
                }
            }
        }

        // What our own children say is all or nothing. Before its exec a child has this process's records.
        void LooksWhole(ProcessInfo info)
        {
            IReadOnlyList<string> line = info.CommandLine;
            bool ours = info.ParentId == Environment.ProcessId;
            Expect(line.Count > 0 || !ours || HasEnded(info.Id), "a living child without a command line");
            if (line.Count > 1 && line[0] == "sleep" && line[1] == "0.02")
            {
                whole++;
                Expect(line.Count == padding.Length + 2 && line.Skip(2).SequenceEqual(padding), $"{line.Count} arguments");
            }

            IReadOnlyDictionary<string, string> variables = info.Environment;
            if (variables.ContainsKey("NAME0"))
            {
                Expect(variables.Count == environment.Length && variables.All(v => v.Value.Length == 100), $"{variables.Count} variables");
            }

            IReadOnlyList<MemoryRegion> map = info.MemoryMap;
            if (map.Count > 0)
            {
                maps++;
                Expect(map.Any(r => r.Path == "[stack]"), $"a map of {map.Count} without a stack");
            }
        }

        static bool HasEnded(int pid) => ProcFile.TryRead($"/proc/{pid}/stat", out byte[] stat) != 0 || StatRecord.Parse(stat).HasEnded;

        void Expect(bool condition, string what)
        {
            if (!condition)
            {
                wrong.Add(what);
            }
        }
    }
}
