using System.Diagnostics;

namespace Multiprocessing.Tests;

public sealed class LeftBehindTests
{
    private readonly string _temporary = Path.GetTempPath();

    [Fact]
    public void A_pipe_that_is_left_is_noticed()
    {
        LeftBehind before = LeftBehind.Now(_temporary);
        (Posix.SafeDescriptorHandle read, Posix.SafeDescriptorHandle write) = Posix.Os.Pipe2();
        Assert.Equal(["2 open pipe"], LeftBehind.Now(_temporary).Since(before));
        read.Dispose();
        write.Dispose();
        Assert.Empty(LeftBehind.Now(_temporary).Since(before));
    }

    [Fact]
    public void A_child_that_is_left_is_noticed_though_it_is_a_zombie()
    {
        LeftBehind before = LeftBehind.Now(_temporary);
        using Process process = Process.Start("/bin/sleep", "1000");
        Assert.Contains($"the child process {process.Id}", LeftBehind.Now(_temporary).Since(before));
        process.Kill();
        process.WaitForExit();
        Assert.Empty(LeftBehind.Now(_temporary).Since(before));
    }

    [Fact]
    public void A_file_that_is_left_is_noticed()
    {
        LeftBehind before = LeftBehind.Now(_temporary);
        string path = Path.Combine(_temporary, "left");
        File.WriteAllText(path, "");
        Assert.Equal([$"the file {path}"], LeftBehind.Now(_temporary).Since(before));
        File.Delete(path);
    }
}
