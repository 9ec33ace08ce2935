using System.Runtime.InteropServices;

namespace Multiprocessing.Tests;

public sealed partial class AtExitTests
{
    [Theory]
    [InlineData("return", 0, "with 2 args\nlast\nfirst\n")]
    [InlineData("exit", 3, "with 2 args\nlast\nfirst\n")]
    [InlineData("environment-exit", 4, "with 2 args\nlast\nfirst\n")]
    [InlineData("throw", 1, "with 2 args\nlast\nfirst\n")]
    [InlineData("_exit", 5, "")]
    [InlineData("signal", -9, "")]
    [Conformance(40, 41)]
    public void A_child_runs_its_handlers_with_their_arguments_when_it_ends_in_order(string how, int code, string expected)
    {
        using ChildProcess child = Piped(() =>
        {
            AtExit.Register(Console.WriteLine, "first");
            AtExit.Register(() => Console.WriteLine("last"));
            AtExit.Register((text, number) => Console.WriteLine($"with {number} {text}"), "args", 2);
            switch (how)
            {
                case "exit": ProcessExit.Exit(3); break;
                case "environment-exit": Environment.Exit(4); break;
                case "throw": throw new InvalidOperationException();
                case "_exit": Posix.Os._Exit(5); break;
                case "signal": Posix.Os.Raise(Posix.Signal.Kill); break;
            }
        });
        Assert.Equal(expected, Output(child));
        Assert.Equal(code, child.ExitCode);
    }

    [Fact]
    [Conformance(42)]
    public void A_handler_runs_as_often_as_it_was_registered_and_unregistering_removes_all_of_it()
    {
        using ChildProcess child = Piped(() =>
        {
            AtExit.Register(Once);
            AtExit.Register(Stop);
            AtExit.Register(Once);
            AtExit.Register(Twice);
            AtExit.Register(Twice);
            AtExit.Register(Never);
            AtExit.Register(UntilItRuns);
            AtExit.Register(UntilItRuns);
            Console.WriteLine($"{AtExit.Unregister(Never)} {AtExit.Unregister(Never)}");
        });
        Assert.Equal("True False\nuntil it runs True\ntwice\ntwice\nonce\nstop\n", Output(child));
        Assert.Equal(0, child.ExitCode);
    }

    [Theory]
    [InlineData(false, 0, "held back\n")]
    [InlineData(true, 5, "")]
    [Conformance(40)]
    public void The_immediate_exit_does_not_flush_what_native_code_has_held_back(bool immediately, int code, string expected)
    {
        using ChildProcess child = Piped(() =>
        {
            puts("held back"); // to a pipe, by the C library: not before its end
            if (immediately)
            {
                Posix.Os._Exit(5);
            }
        });
        Assert.Equal(expected, Output(child));
        Assert.Equal(code, child.ExitCode);
    }

    [Fact]
    public void Handlers_of_the_parent_do_not_run_in_a_child_and_a_childs_handler_that_throws_is_a_report_and_code_1()
    {
        Action handler = () => Console.WriteLine("the parent's");
        AtExit.Register(handler);
        try
        {
            using ChildProcess child = Piped(() => AtExit.Register(() => throw new InvalidOperationException("from a handler")));
            Assert.Equal("", Output(child));
            Assert.Equal(1, child.ExitCode);
        }
        finally
        {
            Assert.True(AtExit.Unregister(handler));
        }
    }

    private static void Once() => Console.WriteLine("once");

    private static void Twice() => Console.WriteLine("twice");

    private static void Never() => Console.WriteLine("never");

    private static void UntilItRuns() => Console.WriteLine($"until it runs {AtExit.Unregister(UntilItRuns)}");

    private static void Stop()
    {
        Console.WriteLine("stop");
        AtExit.Unregister(Once);
    }

    private static ChildProcess Piped(Action target) =>
        ChildProcess.Start(target, options: new ChildProcessOptions { StandardOutput = StandardStream.Pipe, StandardError = StandardStream.Null });

    private static string Output(ChildProcess child)
    {
        using StreamReader reader = new(child.StandardOutput!);
        string output = reader.ReadToEnd();
        child.Join();
        return output;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int puts(string text);
}
