using CsCheck;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class ExecPathTests
{
    [Fact]
    [Conformance(60)]
    public void The_directories_are_the_parts_of_the_given_PATH_in_order() =>
        Gen.String[Gen.Char["/abü. "], 0, 8].Array[1, 6].Sample(directories =>
            Assert.Equal(directories, Os.GetExecPath([new("A", "b"), new("PATH", string.Join(':', directories)), new("PATH", "/later")])));

    [Fact]
    [Conformance(60)]
    public void Without_a_PATH_it_is_the_systems()
    {
        Assert.Equal(SystemProgram.Run("getconf", "PATH"), string.Join(':', Os.GetExecPath([])));
        Assert.Equal(["/bin", "/usr/bin"], Os.GetExecPath([new("path", "/x"), new("PATHS", "/y")]));
    }

    [Fact]
    public void Without_an_environment_the_caller_s_PATH_counts() =>
        Assert.Equal(Environment.GetEnvironmentVariable("PATH")!.Split(':'), Os.GetExecPath());
}
