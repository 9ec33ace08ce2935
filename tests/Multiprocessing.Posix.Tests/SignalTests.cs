using System.Runtime.InteropServices;

namespace Multiprocessing.Posix.Tests;

public sealed class SignalTests
{
    [Fact]
    public void Names_and_descriptions_are_those_of_the_C_library()
    {
        string[] lines = CProgram.Run("""
            #include <stdio.h>
            #include <string.h>
            #include <signal.h>
            int main(void) { for (int s = 1; s < 32; s++) printf("SIG%s %s\n", sigabbrev_np(s), strsignal(s)); printf("%d %d\n", SIGRTMIN, SIGRTMAX); }
            """);
        for (int number = 1; number < 32; number++)
        {
            Signal signal = new(number);
            string name = lines[number - 1].Split(' ')[0] == "SIGPOLL" ? "SIGIO" : lines[number - 1].Split(' ')[0]; // two names of one
            Assert.Equal($"{name} {lines[number - 1][(lines[number - 1].IndexOf(' ') + 1)..]}", $"{signal.Name} {signal.Describe()}");
            Assert.Equal(signal, Signal.Parse(signal.Name));
            Assert.Equal(signal, Signal.Parse(signal.Name[3..].ToLowerInvariant()));
        }

        Assert.Equal(lines[^1], $"{Signal.RealTime(0).Number} {Signal.RealTime(30).Number}");
    }

    [Fact]
    public void A_real_time_signal_has_a_name_that_can_be_parsed()
    {
        Assert.Equal("SIGRTMIN+1", Signal.RealTime(1).Name);
        Assert.Equal(Signal.RealTime(1), Signal.Parse("SIGRTMIN+1"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Signal.RealTime(31));
        Assert.Throws<FormatException>(() => Signal.Parse("SIGNOTHING"));
    }

    [Fact]
    public void The_signals_of_dotnet_are_the_systems()
    {
        Assert.Equal(Signal.Term, PosixSignal.SIGTERM);
        Assert.Equal(Signal.Chld, PosixSignal.SIGCHLD);
        Assert.Equal(Signal.Usr1, (PosixSignal)10);
        Assert.Throws<ArgumentOutOfRangeException>(() => (Signal)(PosixSignal)(-1000));
    }
}
