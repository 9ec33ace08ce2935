using System.Diagnostics;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class WaitTests
{
    private const WaitOptions All = WaitOptions.Untraced | WaitOptions.Continued;

    [Fact]
    [Conformance(44)]
    public void A_given_child_is_waited_for_whichever_ends_first()
    {
        int first = Shell("exit 9");
        int second = Shell("kill -TERM $$");
        Assert.Equal((second, new WaitStatus(15)), Os.WaitPid(second));
        Assert.Equal((first, new WaitStatus(0x900)), Os.WaitPid(first));
    }

    [Fact]
    [Conformance(48)]
    public void Any_child_is_reported_once()
    {
        int[] started = [Shell("exit 1"), Shell("exit 2"), Shell("exit 3"), Shell("exit 4")];
        (int Pid, int Code)[] ended = [Ended(Os.Wait()), Ended(Os.WaitPid(-1)), Ended(Without(Os.Wait3())), Ended(Without(Os.Wait4(-1)))];
        Assert.Equal(started.Select((pid, index) => (pid, index + 1)), ended.OrderBy(child => child.Code));
        Assert.Throws<NoChildProcessException>(() => Os.Wait());

        static (int, int) Ended((int Pid, WaitStatus Status) child) => (child.Pid, child.Status.ToExitCode());
        static (int, WaitStatus) Without((int Pid, WaitStatus Status, ResourceUsage Usage) child) => (child.Pid, child.Status);
    }

    [Fact]
    [Conformance(46)]
    public void Without_blocking_the_pid_is_0_while_nothing_has_changed()
    {
        using WaitingChild child = new();
        Assert.Equal(default, Os.WaitPid(child.Pid, WaitOptions.NoHang | All));
        Assert.Equal(default, Os.WaitPid(-1, WaitOptions.NoHang));
        Assert.Equal(default, Os.WaitPid(0, WaitOptions.NoHang));
        Assert.Equal(default, Os.Wait3(WaitOptions.NoHang));
        Assert.Equal(default, Os.Wait4(child.Pid, WaitOptions.NoHang));
        Assert.Null(Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoHang));
        Assert.Null(Os.WaitId(IdType.Pid, child.Pid, WaitIdOptions.Stopped | WaitIdOptions.NoHang));
    }

    [Fact]
    [Conformance(47)]
    public void Without_a_child_each_call_says_so_by_its_own_name()
    {
        Assert.Equal("wait: No child processes (ECHILD)", Refusal(() => Os.Wait()));
        Assert.Equal("waitpid: No child processes (ECHILD)", Refusal(() => Os.WaitPid(-1)));
        Assert.Equal("waitpid: No child processes (ECHILD)", Refusal(() => Os.WaitPid(0, WaitOptions.NoHang)));
        Assert.Equal("waitpid: No child processes (ECHILD)", Refusal(() => Os.WaitPid(1)));
        Assert.Equal("waitpid: No child processes (ECHILD)", Refusal(() => Os.WaitPid(Environment.ProcessId)));
        Assert.Equal("wait3: No child processes (ECHILD)", Refusal(() => Os.Wait3()));
        Assert.Equal("wait4: No child processes (ECHILD)", Refusal(() => Os.Wait4(-1)));
        Assert.Equal("waitid: No child processes (ECHILD)", Refusal(() => Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited)));

        static string Refusal(Action wait)
        {
            NoChildProcessException refusal = Assert.Throws<NoChildProcessException>(wait);
            Assert.Equal(Errno.ECHILD, refusal.Errno);
            return refusal.Message;
        }
    }

    [Fact]
    public void What_is_not_valid_is_refused_as_the_system_does()
    {
        using WaitingChild child = new(); // so that it is not for want of one
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.WaitPid(-1, (WaitOptions)0x100)));
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.WaitPid(child.Pid, (WaitOptions)4))); // WEXITED is for waitid only
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.Wait3((WaitOptions)WaitIdOptions.NoWait)));
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.Wait4(-1, (WaitOptions)(-1))));
        Assert.Equal(Errno.ESRCH, ErrorOf(() => Os.WaitPid(int.MinValue)));
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.WaitId(IdType.Any, 0, WaitIdOptions.None)));
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.WaitId(IdType.Any, 0, WaitIdOptions.NoHang)));
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.WaitId((IdType)9, 0, WaitIdOptions.Exited)));
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.WaitId(IdType.Pid, -1, WaitIdOptions.Exited)));
        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.WaitId(IdType.PidFd, -1, WaitIdOptions.Exited)));

        string[] system = CProgram.Run("""
            #include <errno.h>
            #include <limits.h>
            #include <stdio.h>
            #include <sys/wait.h>
            #include <unistd.h>
            #define E(call) (errno = 0, (call), errno)
            int main(void) {
              int ends[2], pid, s;
              siginfo_t i;
              pipe(ends);
              if ((pid = fork()) == 0) { char c; close(ends[1]); _exit(read(ends[0], &c, 1)); }
              printf("%d\n%d\n%d\n%d\n%d\n", E(waitpid(-1, &s, 0x100)), E(waitpid(pid, &s, 4)), E(wait3(&s, 0x1000000, 0)), E(wait4(-1, &s, -1, 0)), E(waitpid(INT_MIN, &s, 0)));
              printf("%d\n%d\n%d\n%d\n", E(waitid(P_ALL, 0, &i, 0)), E(waitid(P_ALL, 0, &i, WNOHANG)), E(waitid(9, 0, &i, WEXITED)), E(waitid(P_PID, -1, &i, WEXITED)));
            }
            """);
        Assert.Equal(["22", "22", "22", "22", "3", "22", "22", "22", "22"], system);
    }

    [Fact]
    public void Stop_continue_and_end_are_reported_in_order_as_Python_sees_them()
    {
        int pid = Shell("exec sleep 100");
        List<string> seen = [];
        foreach (Signal signal in (Signal[])[Signal.Stop, Signal.Cont, Signal.Kill])
        {
            Os.Kill(pid, signal);
            (int changed, WaitStatus status) = Os.WaitPid(-1, All);
            Assert.Equal(pid, changed);
            seen.Add($"{status.Value:x} {Bit(status.Exited)} {Bit(status.Signaled)} {Bit(status.Stopped)} {Bit(status.Continued)}");
        }

        Assert.Equal(["137f 0 0 1 0", "ffff 0 0 0 1", "9 0 1 0 0"], seen);
        string python = SystemProgram.Python("""
            import os, signal
            pid = os.posix_spawn("/bin/sleep", ["sleep", "100"], {})
            for s in signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL:
                os.kill(pid, s)
                w = os.waitpid(-1, os.WUNTRACED | os.WCONTINUED)[1]
                print(format(w, "x"), *(int(f(w)) for f in (os.WIFEXITED, os.WIFSIGNALED, os.WIFSTOPPED, os.WIFCONTINUED)))
            """);
        Assert.Equal(python.Split('\n'), seen);

        static int Bit(bool value) => value ? 1 : 0;
    }

    [Fact]
    public void Stopping_and_going_on_are_not_reported_unless_asked_for()
    {
        int pid = Shell("exec sleep 100");
        Os.Kill(pid, Signal.Stop);
        Assert.Equal(0x137F, Os.WaitId(IdType.Pid, pid, WaitIdOptions.Stopped | WaitIdOptions.NoWait)!.Status.Value); // it has stopped
        Assert.Equal(0, Os.WaitPid(pid, WaitOptions.NoHang | WaitOptions.Continued).Pid);
        Assert.Equal(0, Os.WaitPid(pid, WaitOptions.NoHang).Pid);
        Assert.Equal(0x137F, Os.WaitPid(pid, WaitOptions.NoHang | WaitOptions.Untraced).Status.Value);
        Assert.Equal(0, Os.WaitPid(pid, WaitOptions.NoHang | WaitOptions.Untraced).Pid); // reported once
        Os.Kill(pid, Signal.Kill);
        Assert.Equal((pid, new WaitStatus(9)), Os.WaitPid(pid, All));
    }

    [Fact]
    [Conformance(45)]
    public void A_status_gives_the_exit_code_or_the_signal_negated_and_that_of_a_stopped_child_is_an_error()
    {
        Assert.Equal(0, Os.WaitPid(Shell("exit 0")).Status.ToExitCode());
        Assert.Equal(255, Os.WaitPid(Shell("exit 255")).Status.ToExitCode());
        Assert.Equal(-9, Os.WaitPid(Shell("kill -KILL $$")).Status.ToExitCode());
        int pid = Shell("kill -STOP $$; exit 3");
        WaitStatus stopped = Os.WaitPid(pid, WaitOptions.Untraced).Status;
        Assert.Throws<InvalidOperationException>(() => stopped.ToExitCode());
        Os.Kill(pid, Signal.Cont);
        Assert.Equal(3, Os.WaitPid(pid).Status.ToExitCode());
    }

    [Fact]
    public void A_group_is_waited_for_by_its_number_negated_and_the_callers_own_by_0()
    {
        int leader = Shell("exit 1", new PosixSpawnOptions { ProcessGroup = 0 });
        Os.WaitId(IdType.Pid, leader, WaitIdOptions.Exited | WaitIdOptions.NoWait);
        Assert.Equal(Errno.ECHILD, ErrorOf(() => Os.WaitPid(0))); // it is in no group of ours
        int own = Shell("exit 2");
        Assert.Equal((own, new WaitStatus(0x200)), Os.WaitPid(0));
        Assert.Equal(Errno.ECHILD, ErrorOf(() => Os.WaitPid(-own)));

        int follower = Shell("exit 3", new PosixSpawnOptions { ProcessGroup = leader });
        own = Shell("exit 4");
        int other = Shell("exit 5", new PosixSpawnOptions { ProcessGroup = 0 });
        int[] group = [Os.WaitPid(-leader).Pid, Os.WaitId(IdType.ProcessGroup, leader, WaitIdOptions.Exited)!.Pid];
        Assert.Equal([leader, follower], group.Order());
        Assert.Equal(Errno.ECHILD, ErrorOf(() => Os.WaitPid(-leader)));
        Assert.Equal(own, Os.WaitId(IdType.ProcessGroup, 0, WaitIdOptions.Exited)!.Pid);
        Assert.Equal(other, Os.Wait4(-other).Pid);
    }

    [Fact]
    [Conformance(48)]
    public void What_the_child_has_used_is_told()
    {
        const string Work = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done";
        ResourceUsage[] usages =
        [
            Used(Shell(Work), _ => Os.Wait3().Usage),
            Used(Shell(Work), pid => Os.Wait4(pid).Usage),
            Used(Shell(Work), pid => Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Usage),
        ];
        Assert.All(usages, usage =>
        {
            Assert.InRange(usage.UserTime + usage.SystemTime, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(20));
            Assert.InRange(usage.MaxResidentBytes, 500_000, 1_000_000_000);
            Assert.InRange(usage.MinorFaults, 10, 1_000_000);
        });

        static ResourceUsage Used(int pid, Func<int, ResourceUsage> wait)
        {
            Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited | WaitIdOptions.NoWait);
            return wait(pid);
        }
    }

    [Fact]
    [Conformance(49)]
    public void WaitId_tells_who_and_what_and_leaves_the_child_waitable_if_asked()
    {
        int pid = Shell("exit 7");
        for (int i = 0; i < 2; i++)
        {
            WaitIdResult seen = Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoWait)!;
            Assert.Equal((pid, Os.GetUid(), new WaitStatus(0x700)), (seen.Pid, seen.Uid, seen.Status));
        }

        Assert.Equal(pid, Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Pid);
        Assert.Equal(Errno.ECHILD, ErrorOf(() => Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited | WaitIdOptions.NoWait)));

        pid = Shell("exec sleep 100");
        Os.Kill(pid, Signal.Stop);
        Assert.True(Os.WaitId(IdType.Pid, pid, WaitIdOptions.Stopped)!.Status.Stopped);
        Os.Kill(pid, Signal.Cont);
        Assert.True(Os.WaitId(IdType.Pid, pid, WaitIdOptions.Continued)!.Status.Continued);
        Os.Kill(pid, Signal.Kill);
        Assert.Equal(Signal.Kill, Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Status.TermSignal);
    }

    [Fact]
    public void A_core_dump_is_in_the_status()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("core-");
        try
        {
            int pid = Shell("ulimit -c unlimited; kill -QUIT $$", new PosixSpawnOptions { WorkingDirectory = folder.FullName });
            WaitStatus status = Os.WaitPid(pid).Status;
            Assert.Equal(new Signal(3), status.TermSignal);
            Assert.SkipUnless(status.CoreDumped, "This system writes no core dumps.");
            Assert.Equal(0x83, status.Value);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    [Conformance(51)]
    public void A_pidfd_names_a_child_too()
    {
        int pid = Shell("exec sleep 100");
        using SafeDescriptorHandle process = Os.PidFdOpen(pid);
        Assert.Null(Os.WaitId(IdType.PidFd, process.Number, WaitIdOptions.Exited | WaitIdOptions.NoHang));
        Assert.Equal(PollEvents.None, Os.Poll(process, PollEvents.Readable, TimeSpan.Zero));
        Os.Kill(pid, Signal.Term);
        Assert.Equal(PollEvents.Readable, Os.Poll(process, PollEvents.Readable, TimeSpan.FromSeconds(10)));
        WaitIdResult ended = Os.WaitId(IdType.PidFd, process.Number, WaitIdOptions.Exited)!;
        Assert.Equal((pid, new WaitStatus(15)), (ended.Pid, ended.Status));
        Assert.Equal(Errno.ECHILD, ErrorOf(() => Os.WaitId(IdType.PidFd, process.Number, WaitIdOptions.Exited)));

        Assert.Equal(Errno.EINVAL, ErrorOf(() => Os.PidFdOpen(-1)));
        using SafeDescriptorHandle self = Os.PidFdOpen(Environment.ProcessId);
        Assert.Equal(Errno.ECHILD, ErrorOf(() => Os.WaitId(IdType.PidFd, self.Number, WaitIdOptions.Exited)));
    }

    [Fact]
    public void When_several_threads_wait_for_any_child_each_end_is_reported_to_one()
    {
        const int Count = 60;
        int[] started = [.. Enumerable.Range(0, Count).Select(i => Shell($"exit {i}"))];
        List<(int Pid, int Code)> seen = [];
        Thread[] waiters = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            while (true)
            {
                try
                {
                    (int pid, WaitStatus status) = Os.Wait();
                    lock (seen)
                    {
                        seen.Add((pid, status.ToExitCode()));
                    }
                }
                catch (NoChildProcessException)
                {
                    return;
                }
            }
        }))];
        Array.ForEach(waiters, w => w.Start());
        Assert.All(waiters, w => Assert.True(w.Join(TimeSpan.FromSeconds(30))));
        Assert.Equal(started.Select((pid, i) => (pid, i)).Order(), seen.Order());
    }

    internal static int Shell(string command, PosixSpawnOptions? options = null) => Os.PosixSpawn("/bin/sh", ["sh", "-c", command], options: options);

    internal static int ErrorOf(Action action) => Assert.ThrowsAny<PosixException>(action).Errno;

    /// <summary>Looks again and again: nobody tells of what is awaited here.</summary>
    internal static void Until(Func<bool> condition)
    {
        for (long start = Stopwatch.GetTimestamp(); !condition(); Thread.Yield())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "It does not come.");
        }
    }
}
