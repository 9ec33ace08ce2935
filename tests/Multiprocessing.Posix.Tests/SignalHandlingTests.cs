using System.Collections.Concurrent;
using System.Diagnostics;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class SignalHandlingTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public void A_handler_is_called_on_an_ordinary_thread_with_the_signal()
    {
        using BlockingCollection<(Signal Signal, string? Thread)> calls = [];
        using (Os.Handle(Signal.Usr1, signal => calls.Add((signal, Thread.CurrentThread.Name))))
        {
            Assert.Equal(SignalDisposition.Handled, Os.GetDisposition(Signal.Usr1));
            Os.Kill(Os.GetPid(), Signal.Usr1);
            Assert.Equal((Signal.Usr1, "Multiprocessing signals"), Take(calls));
        }

        Assert.Equal(SignalDisposition.Default, Os.GetDisposition(Signal.Usr1));
    }

    [Fact]
    public void The_newest_handler_has_the_signal_and_the_one_before_has_it_again_afterwards()
    {
        using BlockingCollection<string> calls = [];
        using IDisposable older = Os.Handle(Signal.Usr2, _ => calls.Add("older"));
        IDisposable newer = Os.Handle(Signal.Usr2, _ => calls.Add("newer"));
        Os.Raise(Signal.Usr2);
        Assert.Equal("newer", Take(calls));
        newer.Dispose();
        newer.Dispose();
        Os.Raise(Signal.Usr2);
        Assert.Equal("older", Take(calls));
    }

    [Fact]
    public void Removed_in_any_order_the_handlers_leave_the_signal_as_it_was()
    {
        Os.Ignore(Signal.Usr2);
        try
        {
            IDisposable first = Os.Handle(Signal.Usr2, _ => { });
            IDisposable second = Os.Handle(Signal.Usr2, _ => { });
            first.Dispose();
            Assert.Equal(SignalDisposition.Handled, Os.GetDisposition(Signal.Usr2));
            second.Dispose();
            Assert.Equal(SignalDisposition.Ignored, Os.GetDisposition(Signal.Usr2));
            Os.Raise(Signal.Usr2);
        }
        finally
        {
            Os.SetDefault(Signal.Usr2);
        }
    }

    [Fact]
    public void A_signal_on_its_way_when_its_handler_is_removed_is_dropped_and_ends_nothing()
    {
        for (int i = 0; i < 5_000; i++)
        {
            IDisposable registration = Os.Handle(Signal.Usr1, _ => { });
            Os.Kill(Os.GetPid(), Signal.Usr1);
            registration.Dispose();
        }

        Assert.Equal(SignalDisposition.Default, Os.GetDisposition(Signal.Usr1));
    }

    [Fact]
    [TimeLimit(120)]
    public void Real_time_signals_are_all_handled_in_order_while_the_collector_works()
    {
        const int Count = 100_000;
        const int AtOnce = 1_000; // a user's pending signals are limited
        int handled = 0;
        bool stop = false;
        Thread[] allocating = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            for (object? last = null; !Volatile.Read(ref stop); last = new byte[5_000])
            {
                GC.KeepAlive(last);
            }
        }))];
        Array.ForEach(allocating, thread => thread.Start());
        try
        {
            using IDisposable registration = Os.Handle(Signal.RealTime(3), _ => Interlocked.Increment(ref handled));
            for (int sent = 0; sent < Count; sent += AtOnce)
            {
                for (int i = 0; i < AtOnce; i++)
                {
                    Os.SigQueue(Os.GetPid(), Signal.RealTime(3), i);
                }

                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref handled) == sent + AtOnce, s_deadline), $"{handled} of {sent + AtOnce} were handled");
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            Array.ForEach(allocating, thread => thread.Join());
        }
    }

    [Fact]
    public void Handling_SIGCHLD_leaves_the_runtime_its_own_work_on_it()
    {
        using BlockingCollection<Signal> calls = [];
        using (Os.Handle(Signal.Chld, calls.Add))
        {
            for (int i = 0; i < 5; i++)
            {
                using Process process = Process.Start("/bin/sh", ["-c", "exit 7"]);
                Assert.True(process.WaitForExit(s_deadline));
                Assert.Equal(7, process.ExitCode);
                Assert.Equal(Signal.Chld, Take(calls));
            }
        }

        using Process last = Process.Start("/bin/true");
        Assert.True(last.WaitForExit(s_deadline));
    }

    [Fact]
    public void Handling_SIGCHLD_again_when_the_runtime_has_come_on_top_is_no_endless_call()
    {
        using BlockingCollection<int> calls = [];
        using (Os.Handle(Signal.Chld, _ => calls.Add(1)))
        {
            Process.Start("/bin/true").WaitForExit(); // in a process that has not used Process before, this puts the runtime's handler on top
            Assert.Equal(1, Take(calls));
        }

        using (Os.Handle(Signal.Chld, _ => calls.Add(2)))
        {
            Process.Start("/bin/true").WaitForExit();
            Assert.Equal(2, Take(calls));
        }
    }

    [Fact]
    public void What_a_signal_did_between_two_handlers_it_does_again_after_the_newer_one()
    {
        int handled = 0;
        IDisposable first = Os.Handle(Signal.Usr2, _ => handled++);
        Os.Ignore(Signal.Usr2);
        IDisposable second = Os.Handle(Signal.Usr2, _ => { });
        second.Dispose();
        Assert.Equal(SignalDisposition.Ignored, Os.GetDisposition(Signal.Usr2));
        Os.Raise(Signal.Usr2);
        Assert.Equal(0, handled);
        first.Dispose();
        Os.SetDefault(Signal.Usr2);
    }

    [Fact]
    public void Pause_returns_after_a_handler_has_and_alarm_sends_its_signal_and_tells_what_was_left()
    {
        int handled = 0;
        using IDisposable registration = Os.Handle(Signal.Alrm, _ => handled++);
        Assert.Equal(0, Os.Alarm(100));
        Assert.InRange(Os.Alarm(1), 99, 100);
        long start = Stopwatch.GetTimestamp();
        Os.Pause();
        Assert.Equal(1, handled);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.9, s_deadline.TotalSeconds);
        Assert.Equal(0, Os.Alarm(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.Alarm(-1));
    }

    [Fact]
    public void What_cannot_be_handled_is_refused_and_stays_as_it_was()
    {
        Assert.All([Signal.Kill, Signal.Stop, new Signal(32), new Signal(65), new Signal(0)], signal =>
        {
            Assert.Equal(22, Assert.Throws<PosixException>(() => Os.Handle(signal, _ => { })).Errno);
            Assert.Equal(22, Assert.Throws<PosixException>(() => Os.Ignore(signal)).Errno);
            Assert.Equal(22, Assert.Throws<PosixException>(() => Os.SetDefault(signal)).Errno);
        });
        Assert.All([Signal.Segv, Signal.Bus, Signal.Fpe, Signal.Ill, Signal.Trap, Signal.RealTime(0)], signal =>
        {
            Assert.Throws<ArgumentException>(() => Os.Handle(signal, _ => { }));
            Assert.Equal(SignalDisposition.Handled, Os.GetDisposition(signal));
        });
        Assert.Throws<ArgumentException>(() => Os.SetDefault(Signal.RealTime(0)));
        Assert.Throws<ArgumentException>(() => Os.Ignore(Signal.RealTime(0)));
        Assert.Throws<ArgumentNullException>(() => Os.Handle(Signal.Usr1, null!));
    }

    [Fact]
    public void The_mask_is_the_threads_and_blocked_signals_wait_until_they_are_taken() => OnOwnThread(() =>
    {
        Signal signal = Signal.RealTime(4);
        Assert.DoesNotContain(signal, Os.SignalMask(MaskChange.Block, signal));
        Assert.Contains(signal, Os.SignalMask(MaskChange.Block));
        Assert.Null(Os.SigTimedWait([signal], TimeSpan.Zero));
        Os.Raise(signal);
        Assert.Contains(signal, Os.SigPending());
        ReceivedSignal raised = Os.SigTimedWait([signal])!;
        Assert.Equal((signal, Os.GetPid(), Os.GetUid()), (raised.Signal, raised.Pid, raised.Uid));
        Assert.DoesNotContain(signal, Os.SigPending());

        long start = Stopwatch.GetTimestamp();
        Assert.Null(Os.SigTimedWait([signal], TimeSpan.FromMilliseconds(150)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 150, s_deadline.TotalMilliseconds);

        Assert.Contains(signal, Os.SignalMask(MaskChange.Unblock, signal));
        Assert.DoesNotContain(signal, Os.SignalMask(MaskChange.Set, Signal.Usr1, Signal.RealTime(0)));
        Assert.Equal([Signal.Usr1], Os.SignalMask(MaskChange.Set)); // without SIGRTMIN, which stops threads for the collector
        Assert.Empty(Os.SignalMask(MaskChange.Block));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.SignalMask(MaskChange.Block, new Signal(65)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Os.SignalMask((MaskChange)3, Signal.Usr1));
    });

    [Fact]
    public void Queued_signals_carry_their_values_in_order()
    {
        // Blocked in all of the child's threads, since it has one.
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3 is not installed.");
        const string Script = "import signal; s = {signal.SIGRTMIN + 2}; signal.pthread_sigmask(signal.SIG_BLOCK, s); print('ready', flush=True)\n" +
            "for i in range(3): print(signal.sigwaitinfo(s).si_signo - signal.SIGRTMIN, flush=True)";
        using Process python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Script]) { RedirectStandardOutput = true })!;
        using StreamReader output = python.StandardOutput;
        Assert.Equal("ready", output.ReadLine());
        for (int i = 0; i < 3; i++)
        {
            Os.SigQueue(python.Id, Signal.RealTime(2), i);
        }

        Assert.Equal("2\n2\n2\n", output.ReadToEnd());
        python.WaitForExit();
        OnOwnThread(() =>
        {
            Os.SignalMask(MaskChange.Block, Signal.RealTime(6));
            Os.SigQueue(Os.GetPid(), new Signal(0), 0); // only whether it may
            Assert.Equal(3, Assert.Throws<PosixException>(() => Os.SigQueue(int.MaxValue, Signal.RealTime(6), 0)).Errno);
        });
    }

    [Fact]
    public void A_signal_to_a_group_reaches_its_processes()
    {
        int leader = Os.PosixSpawnp("sleep", ["sleep", "1000"], options: new PosixSpawnOptions { ProcessGroup = 0 });
        int member = Os.PosixSpawnp("sleep", ["sleep", "1000"], options: new PosixSpawnOptions { ProcessGroup = leader });
        Os.Killpg(leader, new Signal(0));
        Os.Killpg(leader, Signal.Term);
        Assert.Equal(Signal.Term, Os.WaitPid(leader).Status.TermSignal);
        Assert.Equal(Signal.Term, Os.WaitPid(member).Status.TermSignal);
        Assert.Equal(3, Assert.Throws<PosixException>(() => Os.Killpg(leader, Signal.Term)).Errno);
        Assert.Equal(22, Assert.Throws<PosixException>(() => Os.Killpg(-1, Signal.Term)).Errno);
        Assert.Equal(22, Assert.Throws<PosixException>(() => Os.Raise(new Signal(65))).Errno);
    }

    private static T Take<T>(BlockingCollection<T> calls) => calls.TryTake(out T? call, s_deadline) ? call : throw new TimeoutException("The handler was not called.");

    /// <summary>A mask stays with its thread, and the runner's are not ours to change.</summary>
    private static void OnOwnThread(Action test)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                test();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            throw new AggregateException(failure);
        }
    }
}
