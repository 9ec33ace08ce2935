using System.Globalization;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class ErrorTests
{
    [Fact]
    [Conformance(47, 256)]
    public void A_failed_call_says_which_call_and_which_error()
    {
        PosixException failure = Assert.Throws<NoChildProcessException>(() => Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited));
        Assert.Equal("waitid: No child processes (ECHILD)", failure.Message);
        Assert.Equal("waitid", failure.Call);
        Assert.Equal(10, failure.Errno);
    }

    [Fact]
    [Conformance(256)]
    public void A_failed_call_about_a_path_names_it()
    {
        PosixException failure = Assert.Throws<PosixException>(() => Os.Open("/no/such/file"));
        Assert.Equal("open: No such file or directory (ENOENT): '/no/such/file'", failure.Message);
        Assert.Equal("/no/such/file", failure.Path);
    }

    [Fact]
    public void The_symbols_of_the_error_numbers_are_the_C_librarys()
    {
        string[] lines = CProgram.Run("""
            #include <stdio.h>
            #include <string.h>
            int main(void) { for (int e = 1; e < 134; e++) if (strerrorname_np(e)) printf("%d %s\n", e, strerrorname_np(e)); }
            """);
        Assert.True(lines.Length > 120);
        Assert.All(lines, line => Assert.Equal(line.Split(' ')[1], Errno.NameOf(int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture))));
    }
}
