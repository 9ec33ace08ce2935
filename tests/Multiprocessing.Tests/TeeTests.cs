using System.Globalization;
using System.Text;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Each in a parent of its own, whose streams the test holds: what appears there is what is measured.</summary>
public sealed class TeeTests
{
    // More than the parent's pipe holds, so that writing to it waits for the reader; less than it, the thread and the child's pipe do.
    private const int MoreThanAPipe = 100_000;

    private static readonly ChildProcessOptions s_tee = new() { StandardOutput = StandardStream.Tee, StandardError = StandardStream.Tee };
    private static readonly ChildProcessOptions s_quiet = new() { StandardOutput = StandardStream.Null, StandardError = StandardStream.Null };

    private static readonly ChildProcessOptions s_piped = new()
    {
        StandardInput = StandardStream.Pipe,
        StandardOutput = StandardStream.Pipe,
        StandardError = StandardStream.Pipe,
    };

    [Theory]
    [InlineData("join", "output")]
    [InlineData("join", "error")]
    [InlineData("await the end", "output")]
    [InlineData("await the result", "error")]
    [InlineData("call", "output")]
    public void What_a_child_wrote_is_on_our_stream_when_its_end_is_known(string how, string stream)
    {
        (string output, string error) = TextOf(() =>
        {
            for (int i = 0; i < 5; i++)
            {
                Follow(how, () => Of(stream).Write("grüße, "));
                Of(stream).Write($"{i}. ");
            }
        });
        const string Expected = "grüße, 0. grüße, 1. grüße, 2. grüße, 3. grüße, 4. ";
        Assert.Equal(stream == "output" ? (Expected, "") : ("", Expected), (output, error));
    }

    [Fact]
    public void Output_and_error_go_each_its_way()
    {
        (string output, string error) = TextOf(() => Follow("join", () =>
        {
            Console.WriteLine("out");
            Console.Error.WriteLine("err");
        }));
        Assert.Equal(("out\n", "err\n"), (output, error));
    }

    [Fact]
    public void Bytes_that_are_no_text_arrive_as_they_are()
    {
        using ChildProcess parent = ChildProcess.Start(() => Follow("join", () => WriteAll(1, AllBytes())), options: s_piped);
        using MemoryStream seen = new();
        parent.StandardOutput!.CopyTo(seen);
        Assert.Equal(AllBytes(), seen.ToArray());
        parent.Join();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Much_output_arrives_whole_however_slowly_it_is_read(bool nonBlocking)
    {
        const int Lines = 400_000;
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                if (nonBlocking)
                {
                    using SafeDescriptorHandle output = new(1, ownsHandle: false);
                    Os.SetStatusFlags(output, StatusFlags.NonBlocking);
                }

                Follow("join", () => WriteAll(1, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, Lines).Select(Line)))));
            },
            options: s_piped);
        using StreamReader reader = new(parent.StandardOutput!, Encoding.ASCII, false, bufferSize: 500);
        for (int i = 0; i < Lines; i++)
        {
            Assert.Equal(Line(i), $"{reader.ReadLine()}\n");
        }

        Assert.Null(reader.ReadLine());
        parent.Join();
        Assert.Equal(0, parent.ExitCode);

        static string Line(int number) => string.Create(CultureInfo.InvariantCulture, $"this is line number {number:D6}\n");
    }

    [Fact]
    [TimeLimit(180)]
    public void Lines_of_many_children_on_both_streams_stay_whole()
    {
        const int Children = 50;
        const int Lines = 400; // more of each child than a write that is not mixed with another's
        string[] seen = TextOf(() =>
        {
            using (SafeDescriptorHandle output = new(1, ownsHandle: false))
            {
                Os.Dup2(output, 2, inheritable: true);
            }

            ChildProcess[] children = new ChildProcess[Children];
            for (int i = 0; i < Children; i++)
            {
                int number = i;
                children[i] = ChildProcess.Start(
                    () =>
                    {
                        for (int line = 0; line < Lines; line++)
                        {
                            WriteAll(1, Encoding.ASCII.GetBytes($"o{new string((char)('A' + (number % 26)), line % 100)} {number} {line}\n"));
                            WriteAll(2, Encoding.ASCII.GetBytes($"e{new string((char)('a' + (number % 26)), line % 100)} {number} {line}\n"));
                        }
                    },
                    options: s_tee);
            }

            Array.ForEach(children, child => child.Join());
        }).Output.Split('\n');
        string[] expected =
        [
            "",
            .. from number in Enumerable.Range(0, Children)
               from line in Enumerable.Range(0, Lines)
               from kind in "oe"
               select $"{kind}{new string((char)((kind == 'o' ? 'A' : 'a') + (number % 26)), line % 100)} {number} {line}",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Who_reads_our_error_need_not_read_our_output_first()
    {
        using ChildProcess parent = ChildProcess.Start(
            () => Follow("join", () =>
            {
                WriteAll(1, new byte[MoreThanAPipe]);
                Console.Error.WriteLine("see here");
            }),
            options: s_piped);
        using StreamReader error = new(parent.StandardError!);
        Assert.Equal("see here", error.ReadLine());
        Assert.Equal(MoreThanAPipe, CountToEnd(parent.StandardOutput!));
        parent.Join();
    }

    [Theory]
    [InlineData("dispose")]
    [InlineData("kill and join")]
    [InlineData("kill and await")]
    [InlineData("cancel")]
    public void Who_kills_a_child_is_not_held_up_by_a_stream_that_nobody_reads(string how)
    {
        using ChildProcess parent = ChildProcess.Start(
            async () =>
            {
                using CancellationTokenSource source = new();
                Action work = () =>
                {
                    WriteAll(1, new byte[MoreThanAPipe]);
                    Console.Error.WriteLine("written");
                    Thread.Sleep(Timeout.Infinite);
                };
                if (how == "cancel")
                {
                    Task call = ChildProcess.RunAsync(work, s_tee, source.Token);
                    Console.ReadLine();
                    await source.CancelAsync();
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
                }
                else
                {
                    using ChildProcess child = ChildProcess.Start(work, options: s_tee);
                    Console.ReadLine();
                    if (how != "dispose")
                    {
                        child.Kill();
                        await (how == "kill and await" ? child.WaitForExitAsync() : Task.Run(() => child.Join()));
                    }
                }

                Console.Error.WriteLine("it is dead");
                Console.ReadLine(); // until the test has read the rest
            },
            options: s_piped);
        using StreamReader error = new(parent.StandardError!);
        Assert.Equal("written", error.ReadLine());
        parent.StandardInput!.Write("kill it\n"u8);
        Assert.Equal("it is dead", error.ReadLine());
        parent.StandardOutput!.ReadExactly(new byte[MoreThanAPipe]);
        parent.StandardInput!.Dispose();
        parent.Join();
        Assert.Equal(0, parent.ExitCode);
    }

    [Theory]
    [InlineData("dispose")]
    [InlineData("wait no longer")]
    [InlineData("forget")]
    public void A_process_that_leaves_loses_nothing_that_its_children_wrote(string how)
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                ChildProcess child = ChildProcess.Start(() => WriteAll(1, new byte[MoreThanAPipe]), options: s_tee);
                if (how != "forget")
                {
                    Os.Poll((SafeDescriptorHandle)child.Sentinel, PollEvents.Readable);
                    Assert.True(child.Join(TimeSpan.Zero));
                }

                if (how == "dispose")
                {
                    child.Dispose();
                }

                Console.Error.WriteLine("leaving");
            },
            options: s_piped);
        using StreamReader error = new(parent.StandardError!);
        Assert.Equal("leaving", error.ReadLine());
        Assert.Equal(PollEvents.None, Os.Poll((SafeDescriptorHandle)parent.Sentinel, PollEvents.Readable, TimeSpan.FromMilliseconds(300))); // it waits for us
        Assert.Equal(MoreThanAPipe, CountToEnd(parent.StandardOutput!));
        parent.Join();
        Assert.Equal(0, parent.ExitCode);
    }

    [Fact]
    public void A_process_that_a_child_left_behind_is_heard_though_the_child_is_joined_and_closed()
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                ChildProcess child = ChildProcess.Start(
                    () => Os.PosixSpawn("/bin/sh", ["sh", "-c", "read word; echo late $word"], options: new PosixSpawnOptions { Descriptors = new Dictionary<int, int> { [0] = 0, [1] = 1 } }),
                    options: s_tee with { StandardInput = StandardStream.Pipe });
                child.Join();
                Console.WriteLine("joined");
                child.StandardInput!.Write("word\n"u8);
                child.Close();
                Console.ReadLine();
            },
            options: s_piped);
        using StreamReader reader = new(parent.StandardOutput!);
        Assert.Equal("joined", reader.ReadLine());
        Assert.Equal("late word", reader.ReadLine());
        parent.StandardInput!.Dispose();
        parent.Join();
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("full")]
    [InlineData("nobody reads")]
    public async Task With_our_own_error_broken_the_child_gets_to_its_end_and_its_last_lines_are_kept(string what)
    {
        string seen = await ChildProcess.RunAsync(
            async () =>
            {
                Spoil(what);
                ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(
                    () =>
                    {
                        for (int i = 0; i < 50_000; i++)
                        {
                            WriteAll(2, Encoding.ASCII.GetBytes($"line {i}\n"));
                        }

                        Os._Exit(3);
                    },
                    s_tee));
                return $"{crash.ExitStatus.ExitCode} {crash.LastErrorOutput.Split('\n')[^2]}";
            },
            s_quiet);
        Assert.Equal("3 line 49999", seen);
    }

    [Fact]
    public async Task The_trace_of_a_stack_overflow_stands_in_the_exception()
    {
        string[] seen = await CrashOf(() => Recurse(0));
        Assert.Contains("Stack overflow", seen[0], StringComparison.Ordinal);
        Assert.Contains(nameof(Recurse), seen[0], StringComparison.Ordinal);
        Assert.Contains("Stack overflow", seen[1], StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", seen[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_words_of_FailFast_stand_in_the_exception()
    {
        string[] seen = await CrashOf(() => Environment.FailFast("the reactor is hot"));
        Assert.Contains("the reactor is hot", seen[0], StringComparison.Ordinal);
        Assert.Contains("   at ", seen[0], StringComparison.Ordinal);
        Assert.Contains("the reactor is hot", seen[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_killed_in_the_middle_of_a_line_leaves_the_half_of_it()
    {
        string[] seen = await CrashOf(() =>
        {
            Console.Write("one of output");
            WriteAll(2, [.. "six lines\n1\n2\n3\n4\nhal"u8, 0xC3]); // half a letter
            Os.Kill(Os.GetPid(), Signal.Kill);
        });
        Assert.Equal("six lines\n1\n2\n3\n4\nhal\uFFFD", seen[0]);
        Assert.EndsWith("killed by signal 9 (SIGKILL). The last of its standard error:\n  1\n  2\n  3\n  4\n  hal\uFFFD", seen[1], StringComparison.Ordinal);
        Assert.Equal("one of output", seen[2]);
    }

    [Fact]
    public async Task Without_a_tee_no_lines_are_kept()
    {
        ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(
            () =>
            {
                Console.Error.WriteLine("unheard");
                Os._Exit(3);
            },
            s_quiet));
        Assert.Equal(("", ""), (crash.LastErrorOutput, crash.LastOutput));
        Assert.EndsWith("exited with code 3.", crash.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_threads_come_with_the_first_tee_and_no_descriptor_outlasts_its_child()
    {
        int[] seen = await ChildProcess.RunAsync(
            () =>
            {
                Run(new ChildProcessOptions());
                int none = Threads();
                Run(s_tee);
                int first = Threads();
                int descriptors = Descriptors();
                for (int i = 0; i < 5; i++)
                {
                    Run(s_tee);
                }

                return new[] { none, first, Threads(), Descriptors() - descriptors };
            },
            s_quiet);
        Assert.Equal([0, 2, 2, 0], seen);
        Run(s_tee with { StandardOutput = StandardStream.Null }); // after each test it is looked whether this process has more pipes

        static void Run(ChildProcessOptions options)
        {
            using ChildProcess child = ChildProcess.Start(() => Console.WriteLine("hello"), options: options);
            child.Join();
        }

        static int Threads() => Directory.GetDirectories("/proc/self/task").Count(task => File.ReadAllText($"{task}/comm").StartsWith("Multiprocessing", StringComparison.Ordinal));

        // Where a tee writes to here. The runtime opens no such file, but pipes, for an instant, whenever it starts a thread.
        static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Count(link => new FileInfo(link).LinkTarget == "/dev/null");
    }

    [Fact]
    public void A_writer_that_outlives_us_is_told_that_nobody_reads_any_more()
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                ChildProcessOptions options = new() { StandardOutput = StandardStream.Tee, StandardError = StandardStream.Inherit, StandardInput = StandardStream.Inherit, KillOnParentExit = false };
                ChildProcess.Start(
                    () =>
                    {
                        Console.WriteLine("here");
                        Console.ReadLine();
                        try
                        {
                            WriteAll(1, "text"u8);
                        }
                        catch (PosixException exception)
                        {
                            Console.Error.WriteLine(exception.Message);
                        }
                    },
                    options: options);
                Thread.Sleep(Timeout.Infinite);
            },
            options: s_piped);
        using StreamReader output = new(parent.StandardOutput!);
        Assert.Equal("here", output.ReadLine());
        parent.Kill();
        parent.Join();
        parent.StandardInput!.Dispose();
        using StreamReader error = new(parent.StandardError!);
        Assert.Equal("write: Broken pipe (EPIPE)\n", error.ReadToEnd());
    }

    [Fact]
    public void Input_cannot_be_a_tee()
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => new ChildProcessOptions { StandardInput = StandardStream.Tee });
        Assert.StartsWith("StandardInput cannot be Tee", refusal.Message, StringComparison.Ordinal);
    }

    private static void Follow(string how, Action work)
    {
        switch (how)
        {
            case "join":
                using (ChildProcess child = ChildProcess.Start(work, options: s_tee))
                {
                    child.Join();
                }

                break;
            case "await the end":
                using (ChildProcess child = ChildProcess.Start(work, options: s_tee))
                {
                    child.WaitForExitAsync().GetAwaiter().GetResult();
                }

                break;
            case "await the result":
                using (ChildProcess<int> child = ChildProcess.Start(
                    () =>
                    {
                        work();
                        return 1;
                    },
                    options: s_tee))
                {
                    child.Result.GetAwaiter().GetResult();
                }

                break;
            default:
                ChildProcess.RunAsync(work, s_tee).GetAwaiter().GetResult();
                break;
        }
    }

    /// <returns>The last lines of error, the message, the last lines of output.</returns>
    private static Task<string[]> CrashOf(Action work) => ChildProcess.RunAsync(
        async () =>
        {
            Os.SetLimit(Resource.Core, new ResourceLimit(0, 0));
            ChildCrashedException crash = await Assert.ThrowsAsync<ChildCrashedException>(() => ChildProcess.RunAsync(work, s_tee));
            return new[] { crash.LastErrorOutput, crash.Message, crash.LastOutput };
        },
        s_quiet);

    private static (string Output, string Error) TextOf(Action work)
    {
        using ChildProcess parent = ChildProcess.Start(work, options: s_piped);
        using StreamReader output = new(parent.StandardOutput!);
        using StreamReader error = new(parent.StandardError!);
        Task<string> errors = error.ReadToEndAsync();
        string text = output.ReadToEnd();
        parent.Join();
        Assert.True(parent.ExitCode == 0, errors.Result);
        return (text, errors.Result);
    }

    private static TextWriter Of(string stream) => stream == "output" ? Console.Out : Console.Error;

    private static byte[] AllBytes() => [.. Enumerable.Range(0, 5000).Select(number => (byte)number)];

    private static void WriteAll(int number, ReadOnlySpan<byte> bytes)
    {
        using SafeDescriptorHandle descriptor = new(number, ownsHandle: false);
        while (!bytes.IsEmpty)
        {
            bytes = bytes[Os.Write(descriptor, bytes)..];
        }
    }

    private static int CountToEnd(Stream stream)
    {
        int count = 0;
        for (byte[] buffer = new byte[1000]; stream.Read(buffer) is > 0 and var more;)
        {
            count += more;
        }

        return count;
    }

    private static int Recurse(int depth) => depth < 0 ? 0 : Recurse(depth + 1) + 1;

    private static void Spoil(string what)
    {
        switch (what)
        {
            case "closed":
                Os.Close(2);
                break;
            case "full":
                Replace(Os.Open("/dev/full", 1));
                break;
            default:
                (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
                read.Dispose();
                Replace(write);
                break;
        }

        static void Replace(SafeDescriptorHandle by)
        {
            Os.Dup2(by, 2, inheritable: true);
            by.Dispose();
        }
    }
}
