using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class SpawnTests
{
    private const long PipeBit = 1L << 12;

    [Fact]
    [Conformance(79)]
    public void The_pid_is_the_one_that_the_program_sees()
    {
        (int pid, string output) = Run("echo $$");
        Assert.Equal($"{pid}\n", output);
    }

    [Fact]
    [Conformance(80)]
    public void A_program_that_does_not_exist_is_an_error_that_names_it()
    {
        PosixException failure = Assert.Throws<PosixException>(() => Os.PosixSpawn("/no/such/program", ["x"]));
        Assert.Equal("posix_spawn: No such file or directory (ENOENT): '/no/such/program'", failure.Message);
    }

    [Fact]
    [Conformance(78)]
    public void What_is_malformed_is_refused_before_anything_is_started()
    {
        Assert.Throws<ArgumentException>(() => Os.PosixSpawn("/bin/true", []));
        Assert.Throws<ArgumentException>(() => Os.PosixSpawn("/bin/true", [""]));
        Assert.Throws<ArgumentException>(() => Os.PosixSpawn("/bin/true", ["a\0b"]));
        Assert.Throws<ArgumentException>(() => Os.PosixSpawn("/bin/true\0", ["a"]));
        Assert.Throws<ArgumentException>(() => Os.PosixSpawn("/bin/true", ["a"], [new("A=B", "c")]));
        Assert.Throws<ArgumentException>(() => Os.PosixSpawn("/bin/true", ["a"], [new("", "c")]));
        Assert.Throws<ArgumentException>(() => Os.PosixSpawn("/bin/true", ["a"], [new("A", "c\0")]));
    }

    [Fact]
    [Conformance(59)]
    public void The_environment_replaces_the_callers() =>
        Assert.Equal("A=grüße\n", Run("env | grep -v -E '^(PWD|SHLVL|_)='", env: [new("A", "grüße"), new("PATH", "/usr/bin:/bin")]).Output.Replace("PATH=/usr/bin:/bin\n", "", StringComparison.Ordinal));

    [Fact]
    [Conformance(66, 83)]
    public void Directory_session_group_and_signals_are_as_asked()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("größe-");
        try
        {
            Assert.Equal($"{folder.FullName}\n", Run("pwd", new PosixSpawnOptions { WorkingDirectory = folder.FullName }).Output);
        }
        finally
        {
            folder.Delete();
        }

        (int leader, string session) = Run("cut -d' ' -f6 /proc/$$/stat", new PosixSpawnOptions { NewSession = true });
        Assert.Equal($"{leader}\n", session);
        (int pid, string group) = Run("cut -d' ' -f5 /proc/$$/stat", new PosixSpawnOptions { ProcessGroup = 0 });
        Assert.Equal($"{pid}\n", group);
        Assert.Contains("SigBlk:\t0000000000000200", Run(["/bin/cat", "/proc/self/status"], new PosixSpawnOptions { SignalMask = [Signal.Usr1] }).Output, StringComparison.Ordinal); // a shell would unblock all
        string[] status = ["/bin/cat", "/proc/self/status"];
        Assert.NotEqual(0, IgnoredSignals(Run(status).Output) & PipeBit); // the runtime ignores SIGPIPE, and that is inherited
        Assert.Equal(0, IgnoredSignals(Run(status, new PosixSpawnOptions { SignalDefaults = [Signal.Pipe] }).Output) & PipeBit);
        Assert.Throws<ArgumentOutOfRangeException>(() => Run("true", new PosixSpawnOptions { SignalMask = [new Signal(65)] }));
    }

    [Fact]
    public void Arguments_that_are_more_than_their_list_says_are_all_passed()
    {
        int pid = Os.PosixSpawn("/bin/true", new Understated());
        Assert.Equal(0, Os.WaitPid(pid).Status.ToExitCode());
    }

    [Fact]
    public void Descriptors_arrive_under_their_new_numbers_in_any_permutation_and_the_rest_is_closed()
    {
        (SafeDescriptorHandle firstRead, SafeDescriptorHandle firstWrite) = Os.Pipe2();
        (SafeDescriptorHandle secondRead, SafeDescriptorHandle secondWrite) = Os.Pipe2();
        using (firstRead)
        using (firstWrite)
        using (secondRead)
        using (secondWrite)
        {
            // Each under the other's number, and an inheritable one that is not asked for.
            using SafeDescriptorHandle inheritable = new(Os.Fcntl(firstWrite, FcntlCommand.Duplicate, 50));
            PosixSpawnOptions options = new()
            {
                Descriptors = new Dictionary<int, int> { [firstWrite.Number] = secondWrite.Number, [secondWrite.Number] = firstWrite.Number, [1] = 1, [2] = 2 },
            };
            string script = $"import os; os.write({firstWrite.Number}, b'second'); os.write({secondWrite.Number}, b'first'); os.write({firstWrite.Number}, str(sorted(int(f) for f in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + f))).encode())";
            Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3 is not installed.");
            int pid = Os.PosixSpawn("/usr/bin/python3", ["python3", "-c", script], options: options);
            Assert.Equal(0, Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Status.ToExitCode());
            Assert.Equal("first", Read(firstRead));
            Assert.Equal($"second[1, 2, {Math.Min(firstWrite.Number, secondWrite.Number)}, {Math.Max(firstWrite.Number, secondWrite.Number)}]", Read(secondRead));
        }
    }

    private static long IgnoredSignals(string status)
    {
        string line = status.Split('\n').Single(l => l.StartsWith("SigIgn:", StringComparison.Ordinal));
        return Convert.ToInt64(line["SigIgn:".Length..].Trim(), 16);
    }

    private static (int Pid, string Output) Run(string script, PosixSpawnOptions? options = null, IEnumerable<KeyValuePair<string, string>>? env = null) =>
        Run(["/bin/sh", "-c", script], options, env);

    private static (int Pid, string Output) Run(string[] command, PosixSpawnOptions? options = null, IEnumerable<KeyValuePair<string, string>>? env = null)
    {
        (int pid, byte[] output) = SpawnedProgram.Run(command, env, options ?? new());
        return (pid, System.Text.Encoding.UTF8.GetString(output));
    }

    private static string Read(SafeDescriptorHandle from)
    {
        byte[] buffer = new byte[65536];
        return System.Text.Encoding.UTF8.GetString(buffer, 0, Os.Read(from, buffer));
    }

    /// <summary>A list that another thread has grown meanwhile looks like this.</summary>
    private sealed class Understated : IReadOnlyList<string>
    {
        public int Count => 1;

        public string this[int index] => "true";

        public IEnumerator<string> GetEnumerator() => Enumerable.Repeat("true", 1_000).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
