using System.Text;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class TerminalTests
{
    [Fact]
    [Conformance(86)]
    public void A_pseudo_terminal_talks_both_ways()
    {
        (SafeDescriptorHandle master, SafeDescriptorHandle terminal) = Os.OpenPty();
        using (master)
        using (terminal)
        {
            Assert.All([master, terminal], end => Assert.False(Os.GetInheritable(end)));
            Os.Write(master, "typed\n"u8);
            Assert.Equal("typed\n", Read(terminal));
            Assert.Equal("typed\r\n", Read(master)); // the echo
            Os.Write(terminal, "shown\n"u8);
            Assert.Equal("shown\r\n", Read(master));
        }
    }

    [Fact]
    [Conformance(86)]
    public void A_program_can_be_put_on_it()
    {
        (SafeDescriptorHandle master, SafeDescriptorHandle terminal) = Os.OpenPty();
        using (master)
        using (terminal)
        {
            int pid = Os.PosixSpawn(
                "/bin/sh",
                ["sh", "-c", "test -t 0 && test -t 1 && tty"],
                options: new PosixSpawnOptions { NewSession = true, Descriptors = new Dictionary<int, int> { [0] = terminal.Number, [1] = terminal.Number, [2] = 2 } });
            Assert.Equal($"{new FileInfo($"/proc/self/fd/{terminal.Number}").LinkTarget}\r\n", Read(master));
            Assert.Equal(0, Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Status.ToExitCode());
        }
    }

    private static string Read(SafeDescriptorHandle from)
    {
        byte[] buffer = new byte[100];
        Assert.NotEqual(PollEvents.None, Os.Poll(from, PollEvents.Readable, TimeSpan.FromSeconds(20)));
        return Encoding.UTF8.GetString(buffer, 0, Os.Read(from, buffer));
    }
}
