using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class SpawnFileActionTests : IDisposable
{
    private const int WriteCreate = 0x41; // O_WRONLY | O_CREAT

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("spawn-");

    private string Output => Path.Combine(_folder.FullName, "größe");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    [Conformance(81)]
    public void Actions_are_carried_out_in_order()
    {
        // The same three in another order would leave the number open, or duplicate nothing.
        Run("echo here; [ -e /proc/self/fd/9 ] && echo open", [SpawnFileAction.Open(9, Output, WriteCreate, 0b110_100_000), SpawnFileAction.Duplicate(9, 1), SpawnFileAction.Close(9)]);
        Assert.Equal("here\n", File.ReadAllText(Output));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(Output));

        PosixException failure = Assert.Throws<PosixException>(() => Run("true", [SpawnFileAction.Open(9, Output), SpawnFileAction.Close(9), SpawnFileAction.Duplicate(9, 1)]));
        Assert.Equal(Errno.EBADF, failure.Errno);
    }

    [Fact]
    public void Opening_a_number_that_is_in_use_replaces_it()
    {
        Run("cat >&2", [SpawnFileAction.Open(0, "/etc/hostname"), SpawnFileAction.Open(0, "/dev/null"), SpawnFileAction.Open(2, Output, WriteCreate, 0b110_000_000)]);
        Assert.Empty(File.ReadAllText(Output));
        File.WriteAllText(Output, "in");
        Run("cat >&2", [SpawnFileAction.Open(0, Output), SpawnFileAction.Open(2, $"{Output}2", WriteCreate, 0b110_000_000)]);
        Assert.Equal("in", File.ReadAllText($"{Output}2"));
    }

    [Fact]
    public void Actions_begin_where_the_descriptors_and_the_directory_are_in_place()
    {
        using SafeDescriptorHandle ours = Os.Open("/dev/null");
        PosixSpawnOptions options = new()
        {
            Descriptors = new Dictionary<int, int> { [0] = ours.Number, [7] = ours.Number },
            WorkingDirectory = _folder.FullName,
            FileActions = [SpawnFileAction.Open(1, "out", WriteCreate, 0b110_000_000), SpawnFileAction.Duplicate(1, 8), SpawnFileAction.Close(7)],
        };
        Run("cd /proc/self/fd; echo *", options);
        Assert.Matches("^0 1( [29])? 8", File.ReadAllText(Path.Combine(_folder.FullName, "out"))); // and what the shell opens to look
        Assert.DoesNotContain("7", File.ReadAllText(Path.Combine(_folder.FullName, "out")));
    }

    [Fact]
    public void A_directory_is_changed_for_the_actions_after_it_by_path_or_by_descriptor()
    {
        DirectoryInfo inner = _folder.CreateSubdirectory("inner");
        using SafeDescriptorHandle open = Os.Open(_folder.FullName);
        Run("pwd", [SpawnFileAction.ChangeDirectory(inner.FullName), SpawnFileAction.Open(1, "one", WriteCreate, 0b110_000_000)]);
        Assert.Equal($"{inner.FullName}\n", File.ReadAllText(Path.Combine(inner.FullName, "one")));
        Run("pwd", [SpawnFileAction.ChangeDirectory(open.Number), SpawnFileAction.Open(1, "inner/two", WriteCreate, 0b110_000_000), SpawnFileAction.ChangeDirectory("/")]);
        Assert.Equal("/\n", File.ReadAllText(Path.Combine(inner.FullName, "two")));
    }

    [Fact]
    public void Duplicating_onto_itself_makes_a_descriptor_inherited()
    {
        using SafeDescriptorHandle ours = Os.Open(Output, WriteCreate, 0b110_000_000);
        string write = $"echo through >/proc/self/fd/{ours.Number}";
        Assert.NotEqual(0, RunForStatus($"{{ {write}; }} 2>/dev/null", new PosixSpawnOptions())); // close-on-exec, as all are
        Assert.Equal(0, RunForStatus(write, new PosixSpawnOptions { FileActions = [SpawnFileAction.Duplicate(ours.Number, ours.Number)] }));
        Assert.Equal("through\n", File.ReadAllText(Output));
    }

    [Fact]
    [Conformance(82)]
    public void A_malformed_action_is_refused_before_anything_is_started()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SpawnFileAction.Open(-1, "/dev/null"));
        Assert.Throws<ArgumentException>(() => SpawnFileAction.Open(1, ""));
        Assert.Throws<ArgumentNullException>(() => SpawnFileAction.Open(1, null!));
        Assert.Throws<ArgumentException>(() => SpawnFileAction.Open(1, "/dev/null\0"));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpawnFileAction.Close(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpawnFileAction.Duplicate(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpawnFileAction.Duplicate(1, -1));
        Assert.Throws<ArgumentException>(() => SpawnFileAction.ChangeDirectory("a\0b"));
        Assert.Throws<ArgumentException>(() => SpawnFileAction.ChangeDirectory(""));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpawnFileAction.ChangeDirectory(-1));

        SpawnFileAction create = SpawnFileAction.Open(1, Output, WriteCreate, 0b110_000_000);
        Assert.Throws<ArgumentException>(() => Run("true", [create, null!]));
        PosixException outOfRange = Assert.Throws<PosixException>(() => Run("true", [create, SpawnFileAction.Close(int.MaxValue)]));
        Assert.Equal(("posix_spawn_file_actions_addclose", Errno.EBADF), (outOfRange.Call, outOfRange.Errno));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run("true", new PosixSpawnOptions { FileActions = [create], SignalMask = [new Signal(0)] }));
        Assert.False(File.Exists(Output));
    }

    [Fact]
    public void An_action_that_fails_fails_the_spawn_and_leaves_no_child()
    {
        Assert.Equal(Errno.ENOENT, Assert.Throws<PosixException>(() => Run("true", [SpawnFileAction.Open(5, "/no/such/file")])).Errno);
        Assert.Equal(Errno.ENOENT, Assert.Throws<PosixException>(() => Run("true", [SpawnFileAction.ChangeDirectory("/no/such/directory")])).Errno);
        Assert.Equal(Errno.ECHILD, Assert.Throws<NoChildProcessException>(() => Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoHang)).Errno);
    }

    [Fact]
    [Conformance(85)]
    public void The_search_uses_the_callers_path_and_not_the_one_that_is_passed_on()
    {
        string program = Path.Combine(_folder.FullName, "only-here");
        File.WriteAllText(program, "#!/bin/sh\nexit 3\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        PosixException failure = Assert.Throws<PosixException>(() => Os.PosixSpawnp("only-here", ["x"], [new("PATH", _folder.FullName)]));
        Assert.Equal("only-here", failure.Path);
        Assert.True(failure.Errno is Errno.ENOENT or Errno.EACCES, failure.Message); // EACCES: a directory of the path may not be searched
        Assert.Equal(3, StatusOf(Os.PosixSpawnp(program, ["x"], [])));
        Assert.Equal(0, StatusOf(Os.PosixSpawnp("true", ["true"], [new("PATH", _folder.FullName)])));
    }

    [Fact]
    [Conformance(84)]
    public void A_scheduling_policy_and_its_priority_are_given()
    {
        Assert.Equal("3 0", Scheduling(new PosixSpawnOptions(), before: SchedulingPolicy.Batch));
        Assert.Equal("0 0", Scheduling(new PosixSpawnOptions { SchedulingPolicy = SchedulingPolicy.Other }, before: SchedulingPolicy.Batch));
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Real-time priorities need root.");
        Assert.Equal("1 4", Scheduling(new PosixSpawnOptions { SchedulingPolicy = SchedulingPolicy.Fifo, SchedulingPriority = 4 }, before: SchedulingPolicy.Other));
        Assert.Equal("2 6", Scheduling(new PosixSpawnOptions { SchedulingPriority = 6 }, before: SchedulingPolicy.RoundRobin, priority: 3));
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => Run("true", new PosixSpawnOptions { SchedulingPolicy = SchedulingPolicy.Fifo, SchedulingPriority = 0 })).Errno);
        PosixException batch = Assert.Throws<PosixException>(() => Run("true", new PosixSpawnOptions { SchedulingPolicy = SchedulingPolicy.Batch }));
        Assert.Equal(("posix_spawnattr_setschedpolicy", Errno.EINVAL), (batch.Call, batch.Errno));
    }

    /// <summary>Policy and priority of a program that is spawned by a thread of its own, which takes on what it starts with.</summary>
    private string Scheduling(PosixSpawnOptions options, SchedulingPolicy before, int priority = 0)
    {
        File.Delete(Output);
        Thread thread = new(() =>
        {
            Os.SetScheduler(0, before, priority);
            int pid = Os.PosixSpawn("/bin/cat", ["cat", "/proc/self/stat"], options: options with { FileActions = [SpawnFileAction.Open(1, Output, WriteCreate, 0b110_000_000)] });
            Assert.Equal(0, StatusOf(pid));
        });
        thread.Start();
        thread.Join();
        string[] fields = File.ReadAllText(Output).Split(')')[^1].Split(' ');
        return $"{fields[39]} {fields[38]}";
    }

    private static void Run(string script, SpawnFileAction[] actions) => Run(script, new PosixSpawnOptions { FileActions = actions });

    private static void Run(string script, PosixSpawnOptions options) => RunForStatus(script, options);

    private static int RunForStatus(string script, PosixSpawnOptions options) => StatusOf(Os.PosixSpawn("/bin/sh", ["sh", "-c", script], options: options));

    private static int StatusOf(int pid) => Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Status.ToExitCode();
}
