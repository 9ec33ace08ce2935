using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class WaitStatusTests
{
    [Fact]
    [Conformance(50)]
    public void Every_status_is_decoded_as_the_macros_of_the_C_library_do()
    {
        string[] lines = CProgram.Run("""
            #include <stdio.h>
            #include <sys/wait.h>
            int main(void) {
              for (int s = 0; s < 65536; s++)
                printf("%d %d %d %d %d %d %d %d\n", !!WIFEXITED(s), WIFEXITED(s) ? WEXITSTATUS(s) : -1, !!WIFSIGNALED(s), WIFSIGNALED(s) ? WTERMSIG(s) : -1,
                  WIFSIGNALED(s) ? !!WCOREDUMP(s) : -1, !!WIFSTOPPED(s), WIFSTOPPED(s) ? WSTOPSIG(s) : -1, !!WIFCONTINUED(s));
            }
            """);
        Assert.Equal(65_536, lines.Length);
        for (int value = 0; value < lines.Length; value++)
        {
            WaitStatus status = new(value);
            string decoded = $"{Bit(status.Exited)} {(status.Exited ? status.ExitStatus : -1)} {Bit(status.Signaled)} {(status.Signaled ? status.TermSignal.Number : -1)} " +
                $"{(status.Signaled ? Bit(status.CoreDumped) : -1)} {Bit(status.Stopped)} {(status.Stopped ? status.StopSignal.Number : -1)} {Bit(status.Continued)}";
            Assert.Equal(lines[value], decoded);
        }

        static int Bit(bool value) => value ? 1 : 0;
    }

    [Theory]
    [InlineData(0x900, "exited, status=9", 9)]
    [InlineData(0x86, "killed by signal 6 (Aborted, core dumped)", -6)]
    [InlineData(0x0F, "killed by signal 15 (Terminated)", -15)]
    [InlineData(0x137F, "stopped by signal 19 (Stopped (signal))", null)]
    [InlineData(0xFFFF, "continued", null)]
    [Conformance(45)]
    public void A_status_reads_as_wait_is_taught_and_has_an_exit_code_only_at_the_end(int value, string text, int? code)
    {
        WaitStatus status = new(value);
        Assert.Equal(text, status.ToString());
        if (code is null)
        {
            Assert.Throws<InvalidOperationException>(() => status.ToExitCode());
        }
        else
        {
            Assert.Equal(code, status.ToExitCode());
        }
    }

    [Fact]
    public void A_property_that_does_not_apply_is_an_error()
    {
        Assert.Throws<InvalidOperationException>(() => new WaitStatus(9).ExitStatus);
        Assert.Throws<InvalidOperationException>(() => new WaitStatus(0).TermSignal);
        Assert.Throws<InvalidOperationException>(() => new WaitStatus(0).CoreDumped);
        Assert.Throws<InvalidOperationException>(() => new WaitStatus(0).StopSignal);
    }
}
