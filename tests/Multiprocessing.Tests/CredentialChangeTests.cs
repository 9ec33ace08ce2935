using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Credentials change in a child only; what counts is what the kernel has of each of its threads.</summary>
public sealed class CredentialChangeTests
{
    private const uint Nobody = 65534;
    private const uint Some = 1234;
    private const int EPERM = 1;
    private const int EINVAL = 22;

    [Fact]
    [Conformance(64)]
    public async Task Every_setter_changes_every_thread()
    {
        SkipUnlessRoot();
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            using ManyThreads threads = new();
            List<string> lines = [$"threads {Directory.GetDirectories("/proc/self/task").Length > ManyThreads.Count}"];
            Then("start", () => { });
            Then("setgroups", () => Os.SetGroups(7, Some, 4_000_000_000));
            Then("setegid", () => Os.SetEgid(Some));
            Then("setregid", () => Os.SetReGid(Os.Unchanged, Nobody));
            Then("setresgid", () => Os.SetResGid(Os.Unchanged, Os.Unchanged, Some));
            Then("setgid", () => Os.SetGid(Nobody));
            Then("seteuid", () => Os.SetEuid(Nobody));
            Then("seteuid back", () => Os.SetEuid(0));
            Then("setreuid", () => Os.SetReUid(Some, 0));
            Then("setresuid", () => Os.SetResUid(0, Os.Unchanged, Some));
            Then("initgroups", () => Os.InitGroups("nobody-has-this-name", Some));
            Then("setuid", () => Os.SetUid(Nobody));
            return lines.ToArray();

            void Then(string name, Action change)
            {
                change();
                lines.Add($"{name} {ThreadRecords()}");
            }
        });
        uint[] before = Os.GetGroups();
        Assert.Equal(
            [
                "threads True",
                $"start Uid 0 0 0 0 Gid 0 0 0 0 Groups {string.Join(' ', before)}".TrimEnd(),
                "setgroups Uid 0 0 0 0 Gid 0 0 0 0 Groups 7 1234 4000000000",
                "setegid Uid 0 0 0 0 Gid 0 1234 0 1234 Groups 7 1234 4000000000",
                "setregid Uid 0 0 0 0 Gid 0 65534 65534 65534 Groups 7 1234 4000000000",
                "setresgid Uid 0 0 0 0 Gid 0 65534 1234 65534 Groups 7 1234 4000000000",
                "setgid Uid 0 0 0 0 Gid 65534 65534 65534 65534 Groups 7 1234 4000000000",
                "seteuid Uid 0 65534 0 65534 Gid 65534 65534 65534 65534 Groups 7 1234 4000000000",
                "seteuid back Uid 0 0 0 0 Gid 65534 65534 65534 65534 Groups 7 1234 4000000000",
                "setreuid Uid 1234 0 0 0 Gid 65534 65534 65534 65534 Groups 7 1234 4000000000",
                "setresuid Uid 0 0 1234 0 Gid 65534 65534 65534 65534 Groups 7 1234 4000000000",
                "initgroups Uid 0 0 1234 0 Gid 65534 65534 65534 65534 Groups 1234",
                "setuid Uid 65534 65534 65534 65534 Gid 65534 65534 65534 65534 Groups 1234",
            ],
            seen);
    }

    [Fact]
    public async Task Threads_that_come_and_programs_that_start_meanwhile_are_no_exception()
    {
        SkipUnlessRoot();
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            bool end = false;
            Thread[] makers = [.. Enumerable.Range(0, 2).Select(i => new Thread(() =>
            {
                while (!Volatile.Read(ref end))
                {
                    Thread made = new(() => GC.KeepAlive(new byte[10_000]));
                    made.Start();
                    made.Join();
                    Os.WaitId(IdType.Pid, Os.PosixSpawn("/bin/true", ["true"]), WaitIdOptions.Exited);
                }
            }))];
            Array.ForEach(makers, m => m.Start());
            for (int i = 0; i < 500; i++)
            {
                Os.SetEuid(Nobody);
                Os.SetEuid(0);
            }

            Os.SetGroups();
            Os.SetResGid(Nobody, Nobody, Nobody);
            Os.SetResUid(Nobody, Nobody, Nobody);
            string records = ThreadRecords();
            Volatile.Write(ref end, true);
            Array.ForEach(makers, m => m.Join());
            return new[] { records, ThreadRecords() };
        });
        Assert.All(seen, records => Assert.Equal("Uid 65534 65534 65534 65534 Gid 65534 65534 65534 65534 Groups", records));
    }

    [Fact]
    [Conformance(62, 65)]
    public async Task What_is_not_allowed_is_EPERM_and_changes_no_thread()
    {
        SkipUnlessRoot();
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            using ManyThreads threads = new();
            Os.SetGroups(Some);
            Os.SetResGid(Nobody, Nobody, Nobody);
            Os.SetResUid(Nobody, Nobody, Nobody);
            string before = ThreadRecords();
            Action[] back =
            [
                () => Os.SetUid(0), () => Os.SetEuid(0), () => Os.SetReUid(Os.Unchanged, 0), () => Os.SetReUid(0, Os.Unchanged), () => Os.SetResUid(0, Nobody, Nobody), () => Os.SetResUid(Nobody, Nobody, 0),
                () => Os.SetGid(0), () => Os.SetEgid(0), () => Os.SetReGid(0, 0), () => Os.SetResGid(Nobody, 0, Nobody),
                () => Os.SetGroups(), () => Os.SetGroups(0), () => Os.InitGroups("root", 0),
            ];
            return back.Select(b => $"{ErrorNumber.Of(b)} {ThreadRecords() == before}").Append(before).ToArray();
        });
        Assert.Equal([.. Enumerable.Repeat($"{EPERM} True", 13), "Uid 65534 65534 65534 65534 Gid 65534 65534 65534 65534 Groups 1234"], seen);
    }

    [Fact]
    [Conformance(61)]
    public async Task Ids_are_set_to_what_they_are_without_privileges()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            if (Os.GetUid() == 0)
            {
                Os.SetResGid(Some, Nobody, Nobody);
                Os.SetResUid(Some, Nobody, Nobody);
            }

            string before = ThreadRecords();
            (uint real, uint effective, uint saved) = Os.GetResUid();
            Os.SetResUid(real, effective, saved);
            Os.SetReUid(real, effective);
            Os.SetResUid(Os.Unchanged, Os.Unchanged, saved);
            Os.SetEuid(effective);
            Os.SetUid(effective);
            (real, effective, saved) = Os.GetResGid();
            Os.SetResGid(real, effective, saved);
            Os.SetReGid(real, effective);
            Os.SetResGid(Os.Unchanged, Os.Unchanged, saved);
            Os.SetEgid(effective);
            Os.SetGid(effective);
            return $"{before == ThreadRecords()}";
        });
        Assert.Equal("True", seen);
    }

    [Fact]
    [Conformance(64)]
    public async Task Minus_one_leaves_an_id_alone_where_the_call_knows_it_and_is_EINVAL_elsewhere()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            string before = ThreadRecords();
            Os.SetReUid(Os.Unchanged, Os.Unchanged);
            Os.SetReGid(Os.Unchanged, Os.Unchanged);
            Os.SetResUid(Os.Unchanged, Os.Unchanged, Os.Unchanged);
            Os.SetResGid(Os.Unchanged, Os.Unchanged, Os.Unchanged);
            Action[] others = [() => Os.SetUid(Os.Unchanged), () => Os.SetEuid(Os.Unchanged), () => Os.SetGid(Os.Unchanged), () => Os.SetEgid(Os.Unchanged)];
            return others.Select(o => $"{ErrorNumber.Of(o)}").Append($"{before == ThreadRecords()}").ToArray();
        });
        Assert.Equal([.. Enumerable.Repeat($"{EINVAL}", 4), "True"], seen);
    }

    [Fact]
    [Conformance(65)]
    public async Task Few_and_very_many_groups_are_set_and_read_back()
    {
        SkipUnlessRoot();
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            List<string> lines = [];
            foreach (int count in (int[])[0, 1, 33, 1000, 65536])
            {
                uint[] groups = [.. Enumerable.Range(0, count).Select(i => (uint)(3_000_000_000 + i))];
                Os.SetGroups(groups);
                lines.Add($"{count} {Os.GetGroups().SequenceEqual(groups)}");
            }

            lines.Add($"{ErrorNumber.Of(() => Os.SetGroups(new uint[65537]))} {Os.GetGroups().Length}");
            lines.Add($"{ErrorNumber.Of(() => Os.SetGroups(1, Os.Unchanged))} {Os.GetGroups().Length}");
            return lines.ToArray();
        });
        Assert.Equal(["0 True", "1 True", "33 True", "1000 True", "65536 True", $"{EINVAL} 65536", $"{EINVAL} 65536"], seen);
    }

    [Fact]
    public async Task A_users_groups_are_set_with_the_base_group_among_them()
    {
        SkipUnlessRoot();
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            List<string> lines = [];
            foreach (string line in File.ReadLines("/etc/passwd"))
            {
                string user = line.Split(':')[0];
                Os.InitGroups(user, Some);
                lines.Add($"{user} {Os.GetGroups().Order().SequenceEqual(Os.GetGroupList(user, Some).Order())} {Os.GetGroups().Contains(Some)}");
            }

            return lines.ToArray();
        });
        Assert.All(seen, line => Assert.EndsWith(" True True", line, StringComparison.Ordinal));
        Assert.NotEmpty(seen);
    }

    [Fact]
    [Conformance(84)]
    public async Task A_spawn_resets_the_effective_ids_if_asked_and_else_does_not()
    {
        SkipUnlessRoot();
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            Os.SetEgid(Nobody);
            Os.SetEuid(Nobody);
            return new[] { IdsOfProgram(new PosixSpawnOptions()), IdsOfProgram(new PosixSpawnOptions { ResetIds = true }), ThreadRecords()[..21] };
        });
        Assert.Equal(["Uid 0 65534 65534 65534 Gid 0 65534 65534 65534", "Uid 0 0 0 0 Gid 0 0 0 0", "Uid 0 65534 0 65534 G"], seen);
    }

    private static void SkipUnlessRoot() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can change its credentials.");

    /// <summary>What the kernel has of the credentials of every thread; all of it, where they differ.</summary>
    private static string ThreadRecords() =>
        string.Join(" | ", Directory.GetDirectories("/proc/self/task").Select(CredentialsOfThread).OfType<string>().Distinct());

    private static string? CredentialsOfThread(string task)
    {
        try
        {
            return Credentials(File.ReadAllText($"{task}/status"));
        }
        catch (IOException) when (!Directory.Exists(task))
        {
            return null; // the runtime has ended one of its threads meanwhile
        }
    }

    private static string Credentials(string status) =>
        string.Join(' ', status.Split('\n').Where(l => l.StartsWith("Uid:", StringComparison.Ordinal) || l.StartsWith("Gid:", StringComparison.Ordinal) || l.StartsWith("Groups:", StringComparison.Ordinal)).Select(l => l.Replace(":", "", StringComparison.Ordinal).Replace('\t', ' ').Trim()));

    private static string IdsOfProgram(PosixSpawnOptions options)
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        using (read)
        {
            int pid;
            using (write)
            {
                pid = Os.PosixSpawn("/bin/cat", ["cat", "/proc/self/status"], options: options with { Descriptors = new Dictionary<int, int> { [1] = write.Number, [2] = 2 } });
            }

            byte[] buffer = new byte[65536];
            int length = 0;
            for (int count = Os.Read(read, buffer); count > 0; count = Os.Read(read, buffer.AsSpan(length)))
            {
                length += count;
            }

            Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited);
            string ids = Credentials(System.Text.Encoding.UTF8.GetString(buffer, 0, length));
            return ids[..ids.IndexOf(" Groups", StringComparison.Ordinal)];
        }
    }

    /// <summary>Threads of all kinds, beside those of the runtime: some wait in the kernel, one computes.</summary>
    private sealed class ManyThreads : IDisposable
    {
        internal const int Count = 8;

        private readonly ManualResetEventSlim _end = new();
        private readonly Thread[] _threads;

        internal ManyThreads()
        {
            using CountdownEvent started = new(Count);
            _threads = [.. Enumerable.Range(0, Count).Select(i => new Thread(() =>
            {
                started.Signal();
                while (i == 0 && !_end.IsSet)
                {
                    Thread.SpinWait(1000);
                }

                _end.Wait();
            }))];
            Array.ForEach(_threads, t => t.Start());
            started.Wait();
        }

        public void Dispose()
        {
            _end.Set();
            Array.ForEach(_threads, t => t.Join());
            _end.Dispose();
        }
    }
}
