using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>A signal that a process sends to itself does what it says, at the first time, the runtime's handlers or not.</summary>
public sealed class SelfSignalTests
{
    public static TheoryData<int> Deadly { get; } =
        [.. ((Signal[])[Signal.Abrt, Signal.Segv, Signal.Bus, Signal.Fpe, Signal.Ill, Signal.Trap, Signal.Term, Signal.Kill, Signal.Usr1, Signal.RealTime(5)]).Select(signal => signal.Number)];

    [Theory]
    [MemberData(nameof(Deadly))]
    public void Raise_ends_the_process(int number) => AssertEnds(number, () => Os.Raise(new Signal(number)));

    [Theory]
    [MemberData(nameof(Deadly))]
    public void Kill_of_itself_ends_the_process(int number) => AssertEnds(number, () =>
    {
        Os.Kill(Os.GetPid(), new Signal(number));
        Thread.Sleep(Timeout.Infinite); // any thread may be the one that takes it
    });

    [Fact]
    public void Abort_ends_the_process_without_handlers() => AssertEnds(6, () =>
    {
        AtExit.Register(() => Console.WriteLine("handler"));
        try
        {
            Os.Abort();
        }
        finally
        {
            Console.WriteLine("finally");
        }
    });

    [Fact]
    public void One_SIGABRT_ends_a_child()
    {
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                NoCore();
                Console.WriteLine("ready");
                Thread.Sleep(Timeout.Infinite);
            },
            options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe });
        using StreamReader output = new(child.StandardOutput!);
        Assert.Equal("ready", output.ReadLine());
        child.Send(Signal.Abrt);
        Assert.True(child.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal((-6, Signal.Abrt), (child.ExitCode, child.ExitStatus!.Signal));
    }

    [Fact]
    public void One_SIGABRT_ends_a_child_however_early_it_comes()
    {
        for (int i = 0; i < 20; i++)
        {
            using ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
            Thread.Sleep(i * 3); // anywhere in its start
            child.Send(Signal.Abrt);
            Assert.True(child.Join(TimeSpan.FromSeconds(20)), $"The child of round {i} goes on.");
            Assert.Equal(-6, child.ExitCode);
        }
    }

    [Fact]
    public void A_signal_whose_handlers_went_in_the_wrong_order_is_not_swallowed() => AssertEnds(2, () =>
    {
        IDisposable handler = Os.Handle(Signal.Int, _ => { });
        using (System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, context => context.Cancel = true))
        {
            handler.Dispose();
        }

        Os.Kill(Os.GetPid(), Signal.Int);
        Thread.Sleep(Timeout.Infinite);
    });

    [Theory]
    [InlineData(10)]
    [InlineData(39)]
    public void Raise_of_a_blocked_or_ignored_signal_returns(int number)
    {
        using ChildProcess child = ChildProcess.Start(() =>
        {
            Signal signal = new(number);
            Os.SignalMask(MaskChange.Block, signal);
            Os.Raise(signal);
            bool pending = Os.SigPending().Contains(signal);
            Os.Ignore(signal);
            Os.SignalMask(MaskChange.Unblock, signal);
            Os.Raise(signal);
            Os.Kill(Os.GetPid(), signal);
            ProcessExit.Exit(pending ? 3 : 4);
        });
        child.Join();
        Assert.Equal(3, child.ExitCode);
    }

    [Fact]
    public void There_is_no_signal_beyond_the_last()
    {
        Assert.Equal(22, Assert.Throws<PosixException>(() => Os.Raise(new Signal(65))).Errno);
        Assert.Equal(22, Assert.Throws<PosixException>(() => Os.Raise(new Signal(-1))).Errno);
        Os.Raise(new Signal(0)); // only looks whether there is somebody
    }

    private static void AssertEnds(int number, Action action)
    {
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                NoCore();
                action();
                Console.WriteLine("went on");
            },
            options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe });
        using StreamReader output = new(child.StandardOutput!);
        Assert.Equal("", output.ReadToEnd());
        Assert.True(child.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal((-number, new Signal(number)), (child.ExitCode, child.ExitStatus!.Signal));
    }

    private static void NoCore() => Os.SetLimit(Resource.Core, new ResourceLimit(0, 0));
}
