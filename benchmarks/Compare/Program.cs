using System.Diagnostics;
using Compare;
using Multiprocessing;
using Multiprocessing.Posix;

// Round by round, one after the other, so that a change of the machine's speed meets all alike.
// Usage: Compare [ROUNDS] [PYTHON]; the peer is left out where there is no such Python.
int rounds = args.Length > 0 ? int.Parse(args[0]) : 100;
using PythonPeer? python = PythonPeer.TryStart(args.Length > 1 ? args[1] : "python3");
string empty = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../Empty/bin", Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!, "net10.0/Empty"));

List<double> spawn = [];
List<double> program = [];
List<double> peer = [];
for (int round = -3; round < rounds; round++)
{
    double ours = Time(StartAndJoin);
    double bare = Time(RunEmpty);
    double theirs = python?.StartAndJoin() ?? 0;
    if (round >= 0) // the first ones warm up
    {
        spawn.Add(ours);
        program.Add(bare);
        peer.Add(theirs);
    }
}

Print("process_start_join_spawn", spawn);
Print("empty_dotnet_program", program);
Console.WriteLine($"spawn / empty program\t{Median(spawn) / Median(program):F2}");
if (python is not null)
{
    Print("python_process_start_join_spawn", peer);
    Console.WriteLine($"spawn / Python's spawn\t{Median(spawn) / Median(peer):F2}");
}

static void StartAndJoin()
{
    using ChildProcess child = new(Nothing);
    child.Start();
    child.Join();
    if (child.ExitCode != 0)
    {
        throw new InvalidOperationException($"A child that does nothing ended with {child.ExitCode}.");
    }
}

void RunEmpty()
{
    int pid = Os.PosixSpawn(empty, [empty]);
    if (Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)?.Status.ToExitCode() != 0)
    {
        throw new InvalidOperationException("The empty program failed.");
    }
}

static double Time(Action action)
{
    long start = Stopwatch.GetTimestamp();
    action();
    return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

static void Print(string name, List<double> values) => Console.WriteLine($"{name}\t{Median(values):F2}\tms\t(least {values.Min():F2}, greatest {values.Max():F2})");

static void Nothing()
{
}
