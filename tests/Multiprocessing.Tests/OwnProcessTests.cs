using System.Text;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>What a process changes of itself, each in a child: session and group, nice value, processors, limits, directory, mask.</summary>
public sealed class OwnProcessTests
{
    private const int ENOENT = 2;
    private const int EPERM = 1;

    [Fact]
    public async Task A_child_makes_a_session_of_its_own_once()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            int pid = Os.GetPid();
            int session = Os.SetSid();
            return new[] { $"{session == pid} {Os.GetSid() == pid} {Os.GetPgrp() == pid}", $"{ErrorNumber.Of(() => Os.SetSid())}", $"{ErrorNumber.Of(() => Os.SetPgid(0, 0))}" };
        });
        Assert.Equal(["True True True", $"{EPERM}", $"{EPERM}"], seen);
    }

    [Fact]
    public async Task A_child_leads_a_group_and_its_own_child_joins_it()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            int before = Os.GetPgrp();
            int session = Os.GetSid();
            Os.SetPgid(0, 0);
            string own = $"{Os.GetPgrp() == Os.GetPid()} {Os.GetSid() == session}";
            Os.SetPgid(0, before);
            return new[] { own, $"{Os.GetPgrp() == before}" };
        });
        Assert.Equal(["True True", "True"], seen);
    }

    [Fact]
    [Conformance(68)]
    public async Task Niceness_is_raised_and_a_child_inherits_it()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            Os.SetPriority(0, Math.Max(0, Os.GetPriority()));
            int before = Os.GetPriority();
            int raised = Os.Nice(4);
            int inherited = ChildProcess.RunAsync(() => Os.GetPriority()).GetAwaiter().GetResult();
            return new[] { $"{raised - before} {Os.GetPriority() - before} {inherited - before}", $"{Os.Nice(100)}", $"{Os.Nice(0)}" };
        });
        Assert.Equal(["4 4 4", "19", "19"], seen);
    }

    [Fact]
    public async Task A_nice_value_of_minus_one_is_a_result_and_lowering_it_without_privileges_is_EPERM()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may lower its nice value.");
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            Os.SetPriority(0, 0);
            string lowered = $"{Os.Nice(-1)} {Os.GetPriority()} {Os.Nice(0)}";
            Os.SetLimit(Resource.Nice, new ResourceLimit(0, 0));
            Os.SetUid(65534);
            return new[] { lowered, $"{ErrorNumber.Of(() => Os.Nice(-1))} {Os.GetPriority()}" };
        });
        Assert.Equal(["-1 -1 -1", $"{EPERM} -1"], seen);
    }

    [Fact]
    [Conformance(24)]
    public async Task The_usable_processors_follow_the_affinity_and_a_child_inherits_it()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            int last = Os.GetAffinity()[^1];
            Os.SetAffinity(0, [last]);
            string childs = ChildProcess.RunAsync(() => $"{Os.CpuCount()} {string.Join(',', Os.GetAffinity())}").GetAwaiter().GetResult();
            return new[] { $"{Os.CpuCount()} {string.Join(',', Os.GetAffinity())}", childs, $"{last}" };
        });
        Assert.Equal($"1 {seen[2]}", seen[0]);
        Assert.Equal(seen[0], seen[1]);
        Assert.True(Os.CpuCount() >= 1);
    }

    [Fact]
    public async Task A_lowered_limit_holds_and_a_child_inherits_it()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            Os.SetLimit(Resource.Core, new ResourceLimit(0, 4096));
            ResourceLimit files = Os.GetLimit(Resource.OpenFiles);
            Os.SetLimit(Resource.OpenFiles, files with { Soft = 200 });
            List<SafeDescriptorHandle> open = [];
            string error = $"{ErrorNumber.Of(() =>
            {
                while (open.Count < 1000)
                {
                    open.Add(Os.Open("/dev/null"));
                }
            })}";
            int opened = open.Count;
            open.ForEach(d => d.Dispose());
            Os.SetLimit(Resource.OpenFiles, files);
            ResourceLimit childs = ChildProcess.RunAsync(() => Os.GetLimit(Resource.Core)).GetAwaiter().GetResult();
            return new[] { error, $"{opened < 200}", $"{childs.Soft} {childs.Hard}" };
        });
        Assert.Equal(["24", "True", "0 4096"], seen); // EMFILE
    }

    [Fact]
    [Conformance(67)]
    public async Task The_mask_setter_returns_the_old_mask_and_new_files_follow_it()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            string folder = Directory.CreateTempSubdirectory("mask-").FullName;
            int before = Os.Umask(0b000_111_111);
            string file = Path.Combine(folder, "f");
            using (Os.Open(file, 0x41, 0b110_110_110))
            {
            }

            UnixFileMode mode = File.GetUnixFileMode(file);
            Directory.Delete(folder, recursive: true);
            string status = File.ReadLines("/proc/self/status").Single(l => l.StartsWith("Umask:", StringComparison.Ordinal));
            return new[] { $"{mode}", status, $"{Os.Umask(before)}", $"{Os.Umask(before) == before}" };
        });
        Assert.Equal(["UserWrite, UserRead", "Umask:\t0077", $"{0b000_111_111}", "True"], seen);
    }

    [Fact]
    public async Task The_working_directory_is_one_with_the_runtimes()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            string folder = Directory.CreateTempSubdirectory("größe 😀-").FullName;
            Os.Chdir(folder);
            string ours = $"{Os.GetCwd() == folder} {Environment.CurrentDirectory == folder} {Path.GetFullPath("a") == Path.Combine(folder, "a")}";
            using SafeDescriptorHandle open = Os.Open(".");
            Environment.CurrentDirectory = "/";
            string theirs = $"{Os.GetCwd()} {Encoding.UTF8.GetString(Os.GetCwdBytes())}";
            Os.Fchdir(open);
            string back = $"{Os.GetCwd() == folder} {Environment.CurrentDirectory == folder}";
            Directory.Delete(folder);
            return new[] { ours, theirs, back, $"{ErrorNumber.Of(() => Os.GetCwd())}", $"{ErrorNumber.Of(() => Os.Chdir("no-such-directory"))}" };
        });
        Assert.Equal(["True True True", "/ /", "True True", $"{ENOENT}", $"{ENOENT}"], seen);
        Assert.Equal("chdir: No such file or directory (ENOENT): '/no/such'", Assert.Throws<PosixException>(() => Os.Chdir("/no/such")).Message);
        Assert.Throws<ArgumentException>(() => Os.Chdir("/\0"));
        Assert.Throws<ArgumentException>(() => Os.Chdir("/\0"u8));
        using SafeDescriptorHandle file = Os.Open("/dev/null");
        Assert.Equal(20, Assert.Throws<PosixException>(() => Os.Fchdir(file)).Errno); // ENOTDIR
    }

    [Fact]
    public async Task A_directory_that_is_not_utf8_or_very_deep_is_read_back_byte_for_byte()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            string folder = Directory.CreateTempSubdirectory("deep-").FullName;
            Os.Chdir(folder);
            byte[] odd = [.. "b"u8, 0xFF, 0xC3, .. "d"u8];
            Os.WaitId(IdType.Pid, Os.PosixSpawn("/bin/sh", ["sh", "-c", "mkdir \"$(printf 'b\\377\\303d')\""]), WaitIdOptions.Exited);
            Os.Chdir(odd);
            string notText = $"{Os.GetCwdBytes().AsSpan().SequenceEqual([.. Encoding.UTF8.GetBytes(folder + "/"), .. odd])}";

            string name = new('n', 250);
            for (int i = 0; i < 20; i++)
            {
                Os.WaitId(IdType.Pid, Os.PosixSpawn("/bin/mkdir", ["mkdir", name]), WaitIdOptions.Exited);
                Os.Chdir(name);
            }

            int length = 0;
            string error = $"{ErrorNumber.Of(() => length = Os.GetCwdBytes().Length)}";
            Os.Chdir("/");
            Os.WaitId(IdType.Pid, Os.PosixSpawn("/bin/rm", ["rm", "-r", folder]), WaitIdOptions.Exited);
            return new[] { notText, $"{length - Encoding.UTF8.GetByteCount(folder)}", error };
        });
        Assert.Equal("True", seen[0]);
        Assert.SkipWhen(seen[2] == "36", "This C library gives no path that is longer than the kernel does (ENAMETOOLONG).");
        Assert.Equal(["True", $"{1 + 4 + (20 * 251)}", "0"], seen);
    }
}
