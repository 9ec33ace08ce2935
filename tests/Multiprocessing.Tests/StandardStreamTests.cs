namespace Multiprocessing.Tests;

public sealed class StandardStreamTests
{
    [Fact]
    public void A_pipe_leads_to_and_from_the_child()
    {
        ChildProcessOptions options = new() { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe, StandardError = StandardStream.Pipe };
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                string line = Console.ReadLine()!;
                Console.WriteLine($"out {line}");
                Console.Error.WriteLine($"err {line}");
            },
            options: options);
        using (StreamWriter writer = new(child.StandardInput!))
        {
            writer.WriteLine("grüße");
        }

        using StreamReader output = new(child.StandardOutput!);
        using StreamReader error = new(child.StandardError!);
        Assert.Equal("out grüße\n", output.ReadToEnd());
        Assert.Equal("err grüße\n", error.ReadToEnd());
        child.Join();
    }

    [Fact]
    public async Task Standard_input_is_the_null_device_unless_asked_otherwise() =>
        Assert.Null(await ChildProcess.RunAsync(() => Console.ReadLine()));

    [Fact]
    public async Task The_null_device_swallows_output()
    {
        ChildProcessOptions options = new() { StandardOutput = StandardStream.Null };
        Assert.Equal("/dev/null", await ChildProcess.RunAsync(() => Target("/proc/self/fd/1"), options));
    }

    [Fact]
    public async Task Only_the_descriptors_that_were_handed_over_reach_the_child()
    {
        (Posix.SafeDescriptorHandle read, Posix.SafeDescriptorHandle write) = Posix.Os.Pipe2();
        using (read)
        using (write)
        {
            // An inheritable one, as native code might leave it.
            using Posix.SafeDescriptorHandle inheritable = new(Posix.Os.Fcntl(write, Posix.FcntlCommand.Duplicate));
            string pipe = Target($"/proc/self/fd/{inheritable.Number}")!;
            string[] seen = await ChildProcess.RunAsync(() => Directory.GetFileSystemEntries("/proc/self/fd").Select(Target).OfType<string>().ToArray());
            Assert.NotEmpty(seen);
            Assert.DoesNotContain(pipe, seen);
        }
    }

    private static string? Target(string link) => new FileInfo(link).LinkTarget;
}
