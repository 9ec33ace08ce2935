using System.Runtime.InteropServices;

namespace Multiprocessing.Tests;

public sealed partial class StandardStreamTests
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
    public async Task All_three_can_be_the_null_device()
    {
        ChildProcessOptions options = new() { StandardInput = StandardStream.Null, StandardOutput = StandardStream.Null, StandardError = StandardStream.Null };
        Assert.Equal("/dev/null /dev/null /dev/null", await ChildProcess.RunAsync(() => string.Join(' ', Enumerable.Range(0, 3).Select(number => Target($"/proc/self/fd/{number}"))), options));
    }

    [Fact]
    public void A_child_that_inherits_input_reads_what_its_parent_has()
    {
        ChildProcessOptions piped = new() { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe };
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                ChildProcessOptions options = new() { StandardInput = StandardStream.Inherit };
                Console.WriteLine(ChildProcess.RunAsync(() => Console.ReadLine(), options).GetAwaiter().GetResult());
            },
            options: piped);
        parent.StandardInput!.Write("for the grandchild\n"u8);
        using StreamReader reader = new(parent.StandardOutput!);
        Assert.Equal("for the grandchild\n", reader.ReadToEnd());
        parent.Join();
    }

    [Fact]
    public async Task Much_data_goes_through_pipes_in_both_directions_and_closing_the_input_ends_it()
    {
        byte[] data = new byte[10_000_000];
        new Random(1).NextBytes(data);
        ChildProcessOptions options = new() { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe };
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                using Stream output = Console.OpenStandardOutput();
                Console.OpenStandardInput().CopyTo(output);
            },
            options: options);
        Task writing = Task.Run(
            () =>
            {
                child.StandardInput!.Write(data);
                child.StandardInput.Dispose();
            },
            TestContext.Current.CancellationToken);
        using MemoryStream seen = new();
        await child.StandardOutput!.CopyToAsync(seen, TestContext.Current.CancellationToken);
        await writing;
        Assert.True(data.AsSpan().SequenceEqual(seen.GetBuffer().AsSpan(0, (int)seen.Length)));
        child.Join();
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public void Lines_can_go_to_and_fro()
    {
        ChildProcessOptions options = new() { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe };
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                while (Console.In.ReadLine() is { } line)
                {
                    Console.WriteLine($"{line}!");
                }

                Console.WriteLine("end");
            },
            options: options);
        using StreamWriter writer = new(child.StandardInput!) { AutoFlush = true };
        using StreamReader reader = new(child.StandardOutput!);
        for (int i = 0; i < 100; i++)
        {
            writer.WriteLine(i);
            Assert.Equal($"{i}!", reader.ReadLine());
        }

        writer.Close();
        Assert.Equal("end", reader.ReadLine());
        Assert.Null(reader.ReadLine());
        child.Join();
    }

    [Fact]
    public void Disposing_a_child_closes_its_pipes()
    {
        ChildProcessOptions options = new() { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe, StandardError = StandardStream.Pipe };
        ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), options: options);
        (Stream input, Stream output, Stream error) = (child.StandardInput!, child.StandardOutput!, child.StandardError!);
        child.Dispose();
        Assert.Throws<ObjectDisposedException>(() => input.WriteByte(0));
        Assert.Throws<ObjectDisposedException>(() => output.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => error.ReadByte());
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

    [Theory]
    [InlineData("closed")]
    [InlineData("full")]
    [InlineData("nobody reads")]
    [InlineData("a writer that is closed")]
    [Conformance(39)]
    public async Task A_child_gets_to_its_end_whatever_its_output_has_become(string what)
    {
        using ChildProcess<string> child = ChildProcess.Start(() =>
        {
            Spoil(what);
            return "end";
        });
        Assert.Equal("end", await child);
        child.Join();
        Assert.Equal(0, child.ExitCode);
    }

    [Theory]
    [InlineData("closed", "/dev/null /dev/null")]
    [InlineData("nobody reads", @"(pipe:\[\d+\]) \1")]
    [Conformance(39)]
    public async Task A_process_whose_output_cannot_be_used_has_children_that_get_to_their_end(string what, string output)
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            Spoil(what);
            using ChildProcess<string> child = ChildProcess.Start(() =>
            {
                Console.WriteLine("out");
                Console.Error.WriteLine("err");
                return $"{Target("/proc/self/fd/1")} {Target("/proc/self/fd/2")}";
            });
            string result = child.Result.GetAwaiter().GetResult();
            child.Join();
            return new[] { result, $"{child.ExitCode}" };
        });
        Assert.Matches($"^{output}$", seen[0]);
        Assert.Equal("0", seen[1]);
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("full")]
    [InlineData("nobody reads")]
    [InlineData("a writer that is closed")]
    public void Without_a_place_for_its_report_an_unhandled_exception_gives_1_all_the_same(string what)
    {
        using ChildProcess child = ChildProcess.Start(() =>
        {
            Posix.Os.SetLimit(Posix.Resource.Core, new Posix.ResourceLimit(0, 0));
            Spoil(what);
            throw new InvalidOperationException();
        });
        child.Join();
        Assert.Equal(1, child.ExitCode);
    }

    /// <summary>Makes standard output and error of this process useless, with something that is still to be flushed.</summary>
    private static void Spoil(string what)
    {
        putchar('x'); // held back by the C library
        switch (what)
        {
            case "closed":
                Posix.Os.Close(1);
                Posix.Os.Close(2);
                break;
            case "full":
                Replace(Posix.Os.Open("/dev/full", 1));
                break;
            case "nobody reads":
                (Posix.SafeDescriptorHandle read, Posix.SafeDescriptorHandle write) = Posix.Os.Pipe2();
                read.Dispose();
                Replace(write);
                break;
            default:
                StreamWriter closed = new(Stream.Null);
                closed.Dispose();
                Console.SetOut(closed);
                Console.SetError(closed);
                break;
        }

        static void Replace(Posix.SafeDescriptorHandle by)
        {
            Posix.Os.Dup2(by, 1, inheritable: true);
            Posix.Os.Dup2(by, 2, inheritable: true);
            by.Dispose();
        }
    }

    private static string? Target(string link) => new FileInfo(link).LinkTarget;

    [LibraryImport("libc")]
    private static partial int putchar(int character);
}
