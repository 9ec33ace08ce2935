using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>What a program finds that a .NET process has executed, and what is left of the process when it could not.</summary>
public sealed class ExecTests
{
    private const string Sh = "/bin/sh";
    private const int PathOnly = 0x200000; // O_PATH

    private static readonly string[] s_goesOn = ["SIGPIPE Ignored", "EPIPE", "task 42", "grandchild 43"];

    [Theory]
    [InlineData("execv", "inherited")]
    [InlineData("execve", "given")]
    [InlineData("execvp", "inherited")]
    [InlineData("execvpe", "given")]
    [InlineData("execl", "inherited")]
    [InlineData("execlp", "inherited")]
    [InlineData("execle", "given")]
    [InlineData("execlpe", "given")]
    [InlineData("fexecve", "inherited")]
    [InlineData("fexecve with a path only", "given")]
    [Conformance(72, 77)]
    public void Every_form_keeps_the_pid_and_passes_arguments_and_environment(string form, string variable)
    {
        using ChildProcess child = ChildProcess.Start(() =>
        {
            Os.PutEnv("V", "inherited");
            string[] args = ["a name", "-c", "echo \"$$ $# $0 <$1> <$2> $V\"; exit 7", "zero", "", "ü \"*"];
            KeyValuePair<string, string>[] env = [new("V", "given"), new("PATH", "/nowhere:/bin")];
            switch (form)
            {
                case "execv": Os.Execv(Sh, args); break;
                case "execve": Os.Execve(Sh, args, env); break;
                case "execvp": Os.Execvp("sh", args); break;
                case "execvpe": Os.Execvpe("sh", args, env); break;
                case "execl": Os.Execl(Sh, args); break;
                case "execlp": Os.Execlp("sh", args); break;
                case "execle": Os.Execle(Sh, args, env); break;
                case "execlpe": Os.Execlpe("sh", args, env); break;
                case "fexecve": Os.Fexecve(Os.Open(Sh), args); break;
                default: Os.Fexecve(Os.Open(Sh, PathOnly), args, env); break;
            }
        }, options: Piped());
        Assert.Equal((7, $"{child.Pid} 2 zero <> <ü \"*> {variable}\n"), End(child));
    }

    [Fact]
    public void Signals_are_as_a_shells_child_has_them()
    {
        (int? code, string output) = Run(() =>
        {
            using IDisposable handler = Os.Handle(Signal.Usr1, _ => { });
            Os.Execl("/bin/cat", "cat", "/proc/self/status");
        });
        Assert.Equal(0, code);

        // A program of System.Diagnostics.Process has SIGPIPE ignored; one of glibc's posix_spawn, as this child, those that glibc keeps to itself.
        ulong others = ~(Bit(Signal.Pipe) | Bit(new Signal(32)) | Bit(new Signal(33)));
        string shells = ByShell("cat /proc/self/status");
        Assert.Equal(Set(shells, "SigBlk"), Set(output, "SigBlk"));
        Assert.Equal(Set(shells, "SigIgn") & others, Set(output, "SigIgn") & others);
        Assert.Equal(Set(shells, "SigCgt"), Set(output, "SigCgt"));
        Assert.Equal(0UL, Set(output, "SigCgt"));
        Assert.False(Has(output, "SigIgn", Signal.Pipe));
    }

    [Fact]
    public void A_writer_without_readers_ends()
    {
        (int? code, string output) = Run(() => Os.Execl(Sh, "sh", "-c", "yes | head -n 1; cat /proc/self/status | grep -c SigIgn"));
        Assert.Equal((0, "y\n1\n"), (code, output));
    }

    [Fact]
    public void Signals_that_were_ignored_or_blocked_stay_so()
    {
        string output = Run(() =>
        {
            Os.Ignore(Signal.Usr1);
            Os.Ignore(Signal.Pipe);
            Os.SignalMask(MaskChange.Block, Signal.Usr2, Signal.RealTime(5));
            Os.Execl("/bin/cat", "cat", "/proc/self/status");
        }).Output;
        Assert.True(Has(output, "SigIgn", Signal.Usr1));
        Assert.True(Has(output, "SigIgn", Signal.Pipe));
        Assert.Equal(Bit(Signal.Usr2) | Bit(Signal.RealTime(5)), Set(output, "SigBlk"));

        output = Run(() =>
        {
            Os.Ignore(Signal.Usr1);
            Os.Ignore(Signal.Pipe);
            Os.SetDefault(Signal.Usr1);
            Os.SetDefault(Signal.Pipe);
            Os.Execl("/bin/cat", "cat", "/proc/self/status");
        }).Output;
        Assert.False(Has(output, "SigIgn", Signal.Usr1));
        Assert.False(Has(output, "SigIgn", Signal.Pipe));
    }

    [Fact]
    [Conformance(73)]
    public async Task A_failing_exec_names_the_path_and_the_process_goes_on()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            DirectoryInfo folder = Directory.CreateTempSubdirectory("exec-");
            string plain = Path.Combine(folder.FullName, "plain");
            string strange = Path.Combine(folder.FullName, "strange");
            File.WriteAllText(plain, "#!/bin/sh\n");
            Executable(strange, "no format that there is\n");
            using SafeDescriptorHandle notExecutable = Os.Open(plain);
            string[] failures =
            [
                Failure(() => Os.Execv("/no/such/program", ["program"])),
                Failure(() => Os.Execve("/no/such/program", ["program"], [])),
                Failure(() => Os.Execvp("no-such-program", ["program"])),
                Failure(() => Os.Execvpe("no-such-program", ["program"], [new("PATH", "/bin:/no:/etc/passwd")])),
                Failure(() => Os.Execl(plain, "program")),
                Failure(() => Os.Execv(folder.FullName, ["program"])),
                Failure(() => Os.Execle(strange, ["program"], [])),
                Failure(() => Os.Execv("", ["program"])),
                Failure(() => Os.Execvp("", ["program"])),
                Failure(() => Os.Execvp("/no/such/program", ["program"])),
                Failure(() => Os.Execv(Sh, ["sh", new string('a', 3_000_000)])),
                Failure(() => Os.Fexecve(notExecutable, ["program"])),
                Failure(() => Os.Execv($"{plain}/program", ["program"])),
            ];
            folder.Delete(recursive: true);
            return failures.Select(f => f.Replace(folder.FullName, "FOLDER", StringComparison.Ordinal)).Concat(State()).ToArray();
        });
        Assert.Equal(
            [
                "execv ENOENT /no/such/program",
                "execve ENOENT /no/such/program",
                "execvp ENOENT no-such-program",
                "execvpe ENOENT no-such-program",
                "execl EACCES FOLDER/plain",
                "execv EACCES FOLDER",
                "execle ENOEXEC FOLDER/strange",
                "execv ENOENT ",
                "execvp ENOENT ",
                "execvp ENOENT /no/such/program",
                "execv E2BIG /bin/sh",
                "fexecve EACCES ",
                "execv ENOTDIR FOLDER/plain/program",
                .. s_goesOn,
            ],
            seen);
    }

    [Fact]
    public async Task A_failing_exec_leaves_a_SIGPIPE_that_is_not_ignored_as_it_was()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            Os.SetDefault(Signal.Pipe);
            string failure = Failure(() => Os.Execv("/no/such/program", ["program"]));
            SignalDisposition first = Os.GetDisposition(Signal.Pipe);
            using IDisposable handler = Os.Handle(Signal.Pipe, _ => { });
            Failure(() => Os.Execv("/no/such/program", ["program"]));
            return $"{failure} {first} {Os.GetDisposition(Signal.Pipe)}";
        });
        Assert.Equal("execv ENOENT /no/such/program Default Handled", seen);
    }

    [Fact]
    [Conformance(74, 75)]
    public async Task What_is_malformed_is_refused_and_changes_nothing()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            KeyValuePair<string, string>[] none = [];
            KeyValuePair<string, string>[][] bad = [[new("A=B", "c")], [new("", "c")], [new("A\0", "c")], [new("A", "c\0")], [new("=", "")]];
            using SafeDescriptorHandle program = Os.Open(Sh, PathOnly);
            Action[] calls =
            [
                () => Os.Execv(Sh, []), () => Os.Execv(Sh, [""]), () => Os.Execv(Sh, ["sh\0"]), () => Os.Execv(Sh, ["sh", "a\0b"]), () => Os.Execv("/bin/sh\0", ["sh"]), () => Os.Execv(Sh, ["sh", null!]),
                () => Os.Execv(Sh, ["sh", "\uD800"]),
                () => Os.Execve(Sh, [], none), () => Os.Execve(Sh, ["", "a"], none), () => Os.Execve(Sh, null!, none), () => Os.Execve(Sh, ["sh"], null!), () => Os.Execve(null!, ["sh"], none),
                () => Os.Execvp("sh", []), () => Os.Execvp("sh", [""]), () => Os.Execvp("s\0h", ["sh"]), () => Os.Execvp(null!, ["sh"]),
                () => Os.Execvpe("sh", [], none), () => Os.Execvpe("sh", [""], none),
                () => Os.Execl(Sh), () => Os.Execl(Sh, ""), () => Os.Execlp("sh"), () => Os.Execlp("sh", "", "a"),
                () => Os.Execle(Sh, [], none), () => Os.Execlpe("sh", [""], none),
                () => Os.Fexecve(program, []), () => Os.Fexecve(program, [""]), () => Os.Fexecve(program, ["a\0"]), () => Os.Fexecve(null!, ["sh"]),
                .. bad.Select<KeyValuePair<string, string>[], Action>(env => () => Os.Execve(Sh, ["sh"], env)),
                .. bad.Select<KeyValuePair<string, string>[], Action>(env => () => Os.Execvpe("sh", ["sh"], env)),
                .. bad.Select<KeyValuePair<string, string>[], Action>(env => () => Os.Execle(Sh, ["sh"], env)),
                .. bad.Select<KeyValuePair<string, string>[], Action>(env => () => Os.Execlpe("sh", ["sh"], env)),
                .. bad.Select<KeyValuePair<string, string>[], Action>(env => () => Os.Fexecve(program, ["sh"], env)),
            ];
            return calls.Select(Refusal).Distinct().Concat(State()).ToArray();
        });
        Assert.Equal(["refused", .. s_goesOn], seen);

        static string Refusal(Action exec)
        {
            try
            {
                exec();
                return "returned";
            }
            catch (ArgumentException)
            {
                return "refused";
            }
        }
    }

    [Fact]
    [Conformance(76)]
    public void The_search_takes_the_first_hit_and_passes_what_is_not_there_or_not_to_be_executed()
    {
        using Folder folder = new("first", "second", "plain");
        string first = folder.Program("first/tool", "#!/bin/sh\necho \"first $0 $*\"\n");
        folder.Program("second/tool", "#!/bin/sh\necho \"second $0 $*\"\n");
        File.WriteAllText(folder["plain/tool"], "not executable\n");
        Directory.CreateDirectory(folder["directory/tool"]);
        string second = folder["second"];
        string path = $"/nowhere:{folder["plain"]}:{folder["directory"]}:{first}:{folder["first"]}:{folder["second"]}";
        Assert.Equal((0, $"first {first} a b\n"), Run(() =>
        {
            Os.PutEnv("PATH", path);
            Os.Execlp("tool", "tool", "a", "b");
        }));

        // With a slash it is not searched for; an empty part of PATH is the working directory.
        Assert.Equal((3, ""), Run(() => ExitIf(Errno(() =>
        {
            Os.PutEnv("PATH", path);
            Directory.SetCurrentDirectory("/");
            Os.Execlp("first/tool", "tool");
        }) == "ENOENT", 3)));
        Assert.Equal((0, "second ./tool \n"), Run(() =>
        {
            Os.PutEnv("PATH", $"/nowhere::{path}");
            Directory.SetCurrentDirectory(second);
            Os.Execlp("tool", "tool");
        }));
    }

    [Fact]
    [Conformance(60)]
    public void The_path_of_the_given_environment_is_searched_and_without_one_the_systems()
    {
        using Folder folder = new("first", "second");
        folder.Program("first/tool", "#!/bin/sh\necho first\n");
        folder.Program("second/tool", "#!/bin/sh\necho second\n");
        string first = folder["first"];
        string second = folder["second"];
        Assert.Equal("second\n", Run(() =>
        {
            Os.PutEnv("PATH", first);
            Os.Execvpe("tool", ["tool"], [new("PATH", second)]);
        }).Output);
        Assert.Equal("second\n", Run(() =>
        {
            Os.PutEnv("PATH", first);
            Os.Execlpe("tool", ["tool"], [new("PATH", second)]);
        }).Output);
        Assert.Equal("found\n", Run(() =>
        {
            Os.PutEnv("PATH", first);
            Os.Execvpe("sh", ["sh", "-c", "echo found"], [new("A", "b")]);
        }).Output);
        Assert.Equal("found\n", Run(() =>
        {
            Os.UnsetEnv("PATH");
            Os.Execvp("sh", ["sh", "-c", "echo found"]);
        }).Output);
    }

    [Fact]
    [Conformance(76)]
    public void A_directory_that_may_not_be_entered_does_not_hide_a_later_hit_but_is_told_of_where_there_is_none()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can become another user.");
        using Folder folder = new("closed", "open");
        Assert.SkipUnless(folder.IsReachableByOthers, "The temporary folder (TMPDIR) lies where other users may not go.");
        folder.Program("closed/tool", "#!/bin/sh\necho closed\n");
        folder.Program("open/tool", "#!/bin/sh\necho open\n");
        File.SetUnixFileMode(folder["closed"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string closed = folder["closed"];
        string open = folder["open"];
        Assert.Equal((0, "open\n"), Run(() =>
        {
            BecomeNobody();
            Os.PutEnv("PATH", $"{closed}:{open}");
            Os.Execlp("tool", "tool");
        }));
        Assert.Equal((3, ""), Run(() =>
        {
            BecomeNobody();
            Os.PutEnv("PATH", $"/nowhere:{closed}:/nowhere");
            ExitIf(Failure(() => Os.Execlp("tool", "tool")) == "execlp EACCES tool", 3);
        }));

        static void BecomeNobody()
        {
            Os.SetGroups();
            Os.SetResGid(65534, 65534, 65534);
            Os.SetResUid(65534, 65534, 65534);
        }
    }

    [Fact]
    public void A_script_without_an_interpreter_is_the_shells_in_the_searching_forms_only()
    {
        using Folder folder = new("bin");
        string script = folder.Program("bin/script", "echo \"by a shell: $0 $* $V\"\n");
        string bin = folder["bin"];
        Assert.Equal((0, $"by a shell: {script} a b inherited\n"), Run(() =>
        {
            Os.PutEnv("PATH", bin);
            Os.PutEnv("V", "inherited");
            Os.Execlp("script", "name", "a", "b");
        }));
        Assert.Equal((0, $"by a shell: {script} a given\n"), Run(() => Os.Execvpe("script", ["name", "a"], [new("V", "given"), new("PATH", bin)])));
        Assert.Equal((0, $"by a shell: {script}  \n"), Run(() => Os.Execvpe(script, ["name"], [])));
        Assert.Equal((3, ""), Run(() => ExitIf(Errno(() => Os.Execl(script, "name")) == "ENOEXEC", 3)));
    }

    [Fact]
    public void The_environment_is_what_was_set_anywhere_in_the_process()
    {
        string output = Run(() =>
        {
            Os.PutEnv("BY_OS", "1");
            Environment.SetEnvironmentVariable("BY_DOTNET", "2");
            NativeVariable.Set("BY_C", "3");
            NativeVariable.Set([(byte)'B', (byte)'Y', (byte)'_', 0xFF], [(byte)'4', 0xFE, 0xC3]);
            Os.PutEnv("GONE", "5");
            NativeVariable.Set("GONE", null);
            Os.PutEnv("GONE_TOO", "6");
            Environment.SetEnvironmentVariable("GONE_TOO", null);
            Os.Execl(Sh, "sh", "-c", "echo \"$BY_OS $BY_DOTNET $BY_C ${GONE-none} ${GONE_TOO-none}\"; tr '\\0' '\\n' < /proc/$$/environ | LC_ALL=C grep -a '^BY_[^ODC]' | od -An -tx1");
        }).Output;
        Assert.Equal("1 2 3 none none\n 42 59 5f ff 3d 34 fe c3 0a\n", output);
    }

    [Fact]
    public void Only_inheritable_descriptors_are_left()
    {
        string output = Run(() =>
        {
            (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
            Os.Dup3(read, 20);
            Os.Dup3(write, 21, inheritable: true);
            using FileStream file = File.OpenRead("/proc/self/exe");
            Os.Execl(Sh, "sh", "-c", "ls /proc/$$/fd; :");
        }).Output;
        Assert.Equal("0 1 2 21", output.Trim().Replace('\n', ' '));
    }

    [Fact]
    public void Nothing_is_flushed_and_no_handler_or_finally_block_runs()
    {
        string output = Run(() =>
        {
            AtExit.Register(() => Console.WriteLine("handler"));
            try
            {
                Os.Execl("/bin/echo", "echo", "program");
            }
            finally
            {
                Console.WriteLine("finally");
            }
        }).Output;
        Assert.Equal("program\n", output);
    }

    [Fact]
    public void Another_threads_exec_replaces_the_program_too()
    {
        using ChildProcess child = ChildProcess.Start(() =>
        {
            Thread thread = new(() => Os.Execl(Sh, "sh", "-c", "echo $$"));
            thread.Start();
            Thread.Sleep(Timeout.Infinite);
        }, options: Piped());
        Assert.Equal((0, $"{child.Pid}\n"), End(child));
    }

    [Fact]
    public void A_terminal_that_the_console_has_set_up_is_as_it_was()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/stty") || File.Exists("/bin/stty"), "stty is not installed.");
        (SafeDescriptorHandle master, SafeDescriptorHandle terminal) = Os.OpenPty();
        using (master)
        using (terminal)
        {
            string path = new FileInfo($"/proc/self/fd/{terminal.Number}").LinkTarget!;
            using ChildProcess child = ChildProcess.Start(() =>
            {
                Os.SetSid();
                Os.PutEnv("TERM", "dumb");
                using (SafeDescriptorHandle opened = Os.Open(path, 2)) // this session's from now on
                {
                    for (int number = 0; number < 3; number++)
                    {
                        Os.Dup2(opened, number, inheritable: true);
                    }
                }

                Os.WaitPid(Os.PosixSpawnp("stty", ["stty", "-echo", "intr", "^P"])); // something to be put back
                Os.WaitPid(Os.PosixSpawnp("stty", ["stty", "-a"]));
                Console.WriteLine("===");
                Console.ReadKey(intercept: true);
                Os.WaitPid(Os.PosixSpawnp("stty", ["stty", "-a"]));
                Console.WriteLine("===");
                Failure(() => Os.Execl("/no/such/program", "program"));
                Os.WaitPid(Os.PosixSpawnp("stty", ["stty", "-a"]));
                Console.WriteLine("===");
                Os.Execlp("stty", "stty", "-a");
            });
            string before = ReadTo("===\r\n");
            Os.Write(master, "x"u8);
            string meanwhile = ReadTo("===\r\n");
            string afterFailure = ReadTo("===\r\n");
            child.Join();
            string after = ReadTo("\r\n", atEnd: true);
            Assert.Contains("-echo", before, StringComparison.Ordinal);
            Assert.NotEqual(before, meanwhile); // else there was nothing to put back
            Assert.Equal(meanwhile, afterFailure);
            Assert.Equal(before, after);
        }

        string ReadTo(string end, bool atEnd = false)
        {
            List<byte> seen = [];
            byte[] one = new byte[1];
            while (!(atEnd ? Os.Poll(master, PollEvents.Readable, TimeSpan.Zero) == PollEvents.None : Text().EndsWith(end, StringComparison.Ordinal)))
            {
                Assert.Equal(1, Os.Read(master, one));
                seen.Add(one[0]);
            }

            string text = Text();
            return atEnd ? text : text[..^end.Length];

            string Text() => System.Text.Encoding.UTF8.GetString([.. seen]);
        }
    }

    /// <summary>What a process that was to be replaced can still do.</summary>
    private static string[] State()
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        read.Dispose();
        using (write)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return
            [
                $"SIGPIPE {Os.GetDisposition(Signal.Pipe)}",
                Errno(() => Os.Write(write, "x"u8)),
                $"task {Task.Run(async () => { await Task.Yield(); return 42; }).GetAwaiter().GetResult()}",
                $"grandchild {ChildProcess.RunAsync(() => 43).GetAwaiter().GetResult()}",
            ];
        }
    }

    private static string Failure(Action action)
    {
        try
        {
            action();
            return "none";
        }
        catch (PosixException exception)
        {
            Assert.Contains(exception.Path ?? "", exception.Message, StringComparison.Ordinal);
            return $"{exception.Call} {NameOf(exception)} {exception.Path}";
        }
    }

    private static string Errno(Action action)
    {
        try
        {
            action();
            return "none";
        }
        catch (PosixException exception)
        {
            return NameOf(exception);
        }
    }

    private static string NameOf(PosixException exception) => exception.Message.Split('(', ')')[1];

    private static void ExitIf(bool condition, int code) => ProcessExit.Exit(condition ? code : 99);

    private static void Executable(string path, string content)
    {
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED); // 0755
    }

    private static ChildProcessOptions Piped() => new() { StandardOutput = StandardStream.Pipe };

    private static (int? Code, string Output) Run(Action target)
    {
        using ChildProcess child = ChildProcess.Start(target, options: Piped());
        return End(child);
    }

    private static (int? Code, string Output) End(ChildProcess child)
    {
        using StreamReader output = new(child.StandardOutput!);
        string text = output.ReadToEnd();
        Assert.True(child.Join(TimeSpan.FromSeconds(20)));
        return (child.ExitCode, text);
    }

    private static string ByShell(string command)
    {
        using Process process = Process.Start(new ProcessStartInfo(Sh, ["-c", command]) { RedirectStandardOutput = true })!;
        using StreamReader output = process.StandardOutput;
        string text = output.ReadToEnd();
        process.WaitForExit();
        return text;
    }

    private static ulong Set(string status, string field) =>
        Convert.ToUInt64(status.Split('\n').Single(l => l.StartsWith(field, StringComparison.Ordinal)).Split('\t')[1], 16);

    private static bool Has(string status, string field, Signal signal) => (Set(status, field) & Bit(signal)) != 0;

    private static ulong Bit(Signal signal) => 1UL << (signal.Number - 1);

    private sealed class Folder : IDisposable
    {
        private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("exec-");

        internal Folder(params string[] names)
        {
            // Other users come here, too.
            for (DirectoryInfo? up = _root; up is not null && up.FullName.StartsWith(Path.GetTempPath().TrimEnd('/'), StringComparison.Ordinal); up = up.Parent)
            {
                File.SetUnixFileMode(up.FullName, (UnixFileMode)0x1ED);
            }

            Array.ForEach(names, name => _root.CreateSubdirectory(name));
        }

        internal bool IsReachableByOthers
        {
            get
            {
                DirectoryInfo? up = _root;
                while (up is not null && up.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
                {
                    up = up.Parent;
                }

                return up is null;
            }
        }

        internal string this[string name] => Path.Combine(_root.FullName, name);

        internal string Program(string name, string content)
        {
            Executable(this[name], content);
            return this[name];
        }

        public void Dispose() => _root.Delete(recursive: true);
    }
}
