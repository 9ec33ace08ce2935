using System.Diagnostics;

namespace Multiprocessing.Posix.Tests;

/// <summary>Each state, in a real process.</summary>
public sealed class ProcessStateTests
{
    private const string Busy = "int main(void) { for (;;) {} }";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_posix_spawn_child_is_new_until_its_exec()
    {
        // A lease on the program holds up whoever opens it, here the child in its exec, until it is given back.
        const FcntlCommand SetLease = (FcntlCommand)1024;
        const int WriteLease = 1;
        const int NoLease = 2;
        string program = Path.Combine(Directory.CreateTempSubdirectory("lease-").FullName, "cat");
        File.Copy("/bin/cat", program);
        try
        {
            using SafeDescriptorHandle file = Os.Open(program);
            Os.Fcntl(file, FcntlCommand.SetSignal, 23); // SIGURG tells us of it, and does nothing
            Os.Fcntl(file, SetLease, WriteLease);
            Spawned? child = null;
            Thread starter = new(() => child = new Spawned(program));
            starter.Start();
            ProcessInfo info = Eventually(() => FirstChildOf(ProcessInfo.Current));
            Eventually(() => info.State == ProcessState.New ? info : null);
            for (int i = 0; i < 100; i++)
            {
                Assert.Equal(ProcessState.New, info.State);
            }

            Assert.NotEqual("cat", info.Name); // not its own program yet, but a copy of the thread that starts it
            Os.Fcntl(file, SetLease, NoLease);
            starter.Join();
            using (child)
            {
                Assert.Equal(child!.Id, info.Id);
                Await(info, ProcessState.Waiting);
                Assert.Equal("cat", info.Name);
            }
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(program)!, recursive: true);
        }
    }

    [Fact]
    public void A_forked_child_is_new_until_it_is_given_a_processor_for_the_first_time()
    {
        // The child has to share the processor with this thread, which does not let go of it, and is made one of the idle class before it can run.
        int processor = ProcessorPin.Available[0];
        using Spawned parent = Spawned.C(
            """
            #include <sched.h>
            #include <signal.h>
            #include <stdio.h>
            #include <sys/prctl.h>
            #include <unistd.h>
            int main(void) {
              struct sched_param p = {0};
              signal(SIGCHLD, SIG_IGN);
              while (getchar() != EOF) {
                pid_t child = fork();
                if (child == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); for (;;) pause(); }
                sched_setscheduler(child, SCHED_IDLE, &p);
                printf("%d\n", child); fflush(stdout);
              }
            }
            """);
        ProcessorPin.Pin(parent.Id, processor);
        bool seen = false;
        for (int attempt = 0; !seen && attempt < 100; attempt++)
        {
            ProcessInfo child;
            using (new ProcessorPin(processor))
            {
                parent.Send((byte)'.');
                child = ProcessInfo.Of(int.Parse(parent.ReadLine(spin: true)));
                seen = child.State == ProcessState.New; // if not, it ran before its parent could change its class
            }

            Await(child, ProcessState.Waiting); // forked, never executed a program: and not new any more
            Os.Kill(child.Id, Signal.Kill);
            Await(child, ProcessState.Terminated);
        }

        Assert.True(seen);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Busy_processes_on_one_processor_are_running_and_ready_as_their_counted_time_says(int count)
    {
        int[] processors = ProcessorPin.Available;
        Assert.SkipUnless(processors.Length > 1, "There is only one processor, on which whoever looks is the one that runs.");
        using ProcessorPin here = new(processors[0]);
        using Spawned first = Spawned.C(Busy);
        using Spawned? second = count == 2 ? Spawned.C(Busy) : null;
        ProcessorPin.Pin(first.Id, processors[1]);
        if (second is not null)
        {
            ProcessorPin.Pin(second.Id, processors[1]);
        }

        ProcessInfo info = first.Info;
        List<Look> looks = [];
        bool enough = false;
        for (long start = Stopwatch.GetTimestamp(); !enough;)
        {
            (long time, long turns) = Times(first.Id);
            Look look = new(info.State, time, turns, Stopwatch.GetTimestamp());
            Assert.True(look.State is ProcessState.Running or ProcessState.Ready, $"{look.State}");

            // What takes the state of the next turn for that of this one is the test's own doing. A ready one may be watched until its next turn.
            if (look.State == ProcessState.Ready || turns == Times(first.Id).Turns)
            {
                looks.Add(look);
            }

            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            enough = elapsed.TotalSeconds > 2 && looks.Any(l => l.State == ProcessState.Running) && (count == 1 || looks.Any(l => l.State == ProcessState.Ready));
            Assert.True(enough || elapsed < s_patience, "Only one of the two states was ever seen.");
        }

        // The time that the kernel counts is another record than those that the state is read from. Within one turn on the processor a process
        // runs, its time goes on, and then it is ready and its time stands still, until the next turn.
        int ready = looks.Count(l => l.State == ProcessState.Ready);
        int wrong = 0;
        foreach (IGrouping<long, Look> turn in looks.GroupBy(l => l.Turns))
        {
            Look[] all = [.. turn];
            wrong += all.SkipWhile(l => l.State == ProcessState.Running).Count(l => l.State == ProcessState.Running);
            Look[] waiting = [.. all.Where(l => l.State == ProcessState.Ready)];
            wrong += waiting.Skip(2).Zip(waiting.Skip(1)).Count(pair => pair.First.Time != pair.Second.Time);
            Look[] running = [.. all.Where(l => l.State == ProcessState.Running)];
            if (running.Length > 1 && Stopwatch.GetElapsedTime(running[0].At, running[^1].At).TotalMilliseconds > 500 && running[^1].Time == running[0].Time)
            {
                wrong += running.Length;
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{count} on one processor: {looks.Count - ready} times running, {ready} ready, {wrong} of them wrong");
        Assert.True(wrong <= looks.Count / 50, $"{wrong} of {looks.Count} looks contradict the counted time."); // counts and state are not read at one moment
    }

    [Fact]
    public void A_busy_process_whose_processor_the_reader_has_is_ready_for_certain()
    {
        int processor = ProcessorPin.Available[0];
        using Spawned busy = Spawned.C(Busy);
        ProcessInfo info = busy.Info;
        using ProcessorPin here = new(processor);
        ProcessorPin.Pin(busy.Id, processor);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(ProcessState.Ready, info.State);
        }
    }

    [Fact]
    public void A_running_process_whose_turn_was_not_counted_is_found_out_by_its_time()
    {
        int[] processors = ProcessorPin.Available;
        Assert.SkipUnless(processors.Length > 1, "There is only one processor, on which whoever looks is the one that runs.");
        using ProcessorPin here = new(processors[0]);
        using Spawned busy = Spawned.C(Busy);
        ProcessorPin.Pin(busy.Id, processors[1]);
        Assert.Equal(0, ProcessFolder.TryFind(busy.Id, out ProcessFolder? folder));
        int found = 0;
        for (int i = 0; i < 20; i++)
        {
            ThreadActivity running = default;
            Eventually(() => ThreadActivity.TryRead(folder!, "", out running) == 0 && running.Kind == ThreadActivity.Of.Running ? folder : null);
            UndecidedThreads undecided = new(folder!);
            undecided.Add("", running with { Kind = ThreadActivity.Of.Undecided });
            found += undecided.AnyRan() ? 1 : 0;
        }

        Assert.InRange(found, 15, 20); // a virtual machine's processor may be away for longer than the watch lasts
    }

    [Fact]
    public void Whoever_asks_is_running() => Assert.Equal(ProcessState.Running, ProcessInfo.Current.State);

    [Fact]
    public void A_process_goes_from_waiting_through_stopped_to_zombie_and_terminated()
    {
        using Spawned child = new("cat");
        ProcessInfo info = child.Info;
        Await(info, ProcessState.Waiting);
        Assert.Equal("S", Ps(child.Id, "state"));

        child.Send(Signal.Stop);
        Os.WaitId(IdType.Pid, child.Id, WaitIdOptions.Stopped);
        Assert.Equal(ProcessState.Stopped, info.State);
        Assert.Equal("T", Ps(child.Id, "state"));

        child.Send(Signal.Cont);
        Os.WaitId(IdType.Pid, child.Id, WaitIdOptions.Continued);
        Await(info, ProcessState.Waiting);

        child.Send(Signal.Kill);
        child.WaitForZombie();
        Assert.Equal(ProcessState.Zombie, info.State);
        Assert.Equal("Z", Ps(child.Id, "state"));

        child.Wait();
        Assert.Equal(ProcessState.Terminated, info.State);
        Assert.Equal("", Ps(child.Id, "state"));
    }

    [Fact]
    public void The_most_active_thread_counts_though_the_main_thread_waits_or_has_ended()
    {
        const string Source = """
            #include <pthread.h>
            #include <unistd.h>
            static void *spin(void *x) { for (;;) {} }
            static void *wait(void *x) { for (;;) pause(); }
            int main(int n, char **a) { pthread_t t; pthread_create(&t, 0, n > 1 ? wait : spin, 0); if (n > 2) pthread_exit(0); pause(); }
            """;
        using Spawned busy = Spawned.C(Source);
        Eventually(() => busy.Info.State == ProcessState.Running ? "" : null);
        Eventually(() => Ps(busy.Id, "state") == "S" ? "" : null);

        using Spawned idle = Spawned.C(Source, "wait");
        Eventually(() => idle.Info.ThreadCount == 2 ? "" : null);
        Await(idle.Info, ProcessState.Waiting);

        using Spawned headless = Spawned.C(Source, "wait", "end");
        Eventually(() => Ps(headless.Id, "state") == "Z" ? "" : null);
        Await(headless.Info, ProcessState.Waiting); // not a zombie: it lives on in its other thread
        headless.Send(Signal.Stop);
        Os.WaitId(IdType.Pid, headless.Id, WaitIdOptions.Stopped);
        Assert.Equal(ProcessState.Stopped, headless.Info.State);
    }

    private static (long Time, long Turns) Times(int pid)
    {
        string[] numbers = File.ReadAllText($"/proc/{pid}/schedstat").Split(' ');
        return (long.Parse(numbers[0]), long.Parse(numbers[2]));
    }

    private static ProcessInfo? FirstChildOf(ProcessInfo info) => info.Children is [ProcessInfo first, ..] ? first : null;

    private static string Ps(int pid, string column) => PsTable.Ask(pid, column);

    private static void Await(ProcessInfo info, ProcessState state) => Eventually(() => info.State == state ? info : null);

    private static T Eventually<T>(Func<T?> ask)
        where T : class
    {
        for (long start = Stopwatch.GetTimestamp(); ;)
        {
            if (ask() is { } answer)
            {
                return answer;
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, "It did not happen in time.");
        }
    }

    private sealed record Look(ProcessState State, long Time, long Turns, long At);
}
