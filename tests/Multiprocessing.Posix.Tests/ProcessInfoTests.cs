using System.Diagnostics;
using System.Globalization;

namespace Multiprocessing.Posix.Tests;

public sealed class ProcessInfoTests
{
    private const int NoSuchProcess = 3;
    private const int NotThere = 2;
    private const int NotAllowed = 13;

    [Fact]
    public void All_agrees_with_ps_for_processes_of_every_kind()
    {
        using Spawned zombie = new("true");
        zombie.WaitForZombie();
        using Spawned sleep = new("sleep", ["sleep", "1000"], env: null, new PosixSpawnOptions { NewSession = true, SignalMask = [Signal.Usr1, Signal.Term] });
        using Spawned shell = new("sh", "-c", "trap : USR1; trap '' HUP; read line");
        using Spawned threads = Spawned.Python("import threading, time; [threading.Thread(target=time.sleep, args=(1000,)).start() for _ in range(5)]; print(); input()");
        Assert.SkipUnless(Environment.UserName == "root", "Only root may change users.");
        using Spawned user = Spawned.Python("import os; os.setgroups([7, 8]); os.setresgid(5, 6, 9); os.setresuid(1, 2, 3); print(); input()");
        threads.ReadLine();
        user.ReadLine();
        Eventually(() => shell.Info.Signals.Ignored.Contains(Signal.Hup) && shell.Info.State == ProcessState.Waiting);
        Eventually(() => sleep.Info.Name == "sleep" && sleep.Info.State == ProcessState.Waiting);
        Eventually(() => threads.Info.ThreadCount == 6);
        int[] all = [zombie.Id, sleep.Id, shell.Id, threads.Id, user.Id, Environment.ProcessId, Os.GetPpid(), 1, .. Directory.Exists("/proc/2") ? [2] : (int[])[]];
        foreach (int pid in all)
        {
            AgreesWithPs(ProcessInfo.Of(pid));
        }

        Assert.Equal((1u, 2u, 3u), user.Info.UserIds);
        Assert.Equal((5u, 6u, 9u), user.Info.GroupIds);
        Assert.Equal([7u, 8u], user.Info.SupplementaryGroups);
        Assert.Equal(["sleep", "1000"], sleep.Info.CommandLine);
    }

    [Theory]
    [InlineData(") (x\n")]
    [InlineData(" a (b) R 1 ")]
    [InlineData("größe \\n")]
    [InlineData("123456789012345")]
    public void A_program_with_an_odd_name_is_read_whole(string name)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("odd-");
        string file = Path.Combine(folder.FullName, name);
        File.Copy("/bin/cat", file);
        using Spawned cat = new(file);
        ProcessInfo info = cat.Info;
        Assert.Equal(name, info.Name);
        Assert.Equal([file], info.CommandLine);
        Assert.Equal(Environment.ProcessId, info.ParentId);
        Assert.Contains(info.MemoryMap, r => r.Path == file.Replace("\n", "\\012", StringComparison.Ordinal));
        Assert.Equal(1, info.ThreadCount);
        Eventually(() => info.State == ProcessState.Waiting);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_come_back_as_lone_surrogates()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("bytes-");
        using Spawned python = Spawned.Python(
            """
            import os, sys
            folder = os.fsencode(sys.argv[1]) + b'/\xff\xc3'
            os.mkdir(folder)
            os.chdir(folder)
            file = os.open(b'\xfe', os.O_RDWR | os.O_CREAT)
            os.set_inheritable(file, True)
            os.execve('/bin/sh', [b'\x80sh', b'-c', b'read line', b'', b'a\xffb'], {b'N\xff': b'\xfd=', b'PLAIN': 'ü'.encode()})
            """,
            folder.FullName);
        ProcessInfo info = python.Info;
        Eventually(() => info.Name == "sh");
        Assert.Equal(["\udc80sh", "-c", "read line", "", "a\udcffb"], info.CommandLine);
        Assert.Equal(new Dictionary<string, string> { ["N\udcff"] = "\udcfd=", ["PLAIN"] = "ü" }, info.Environment);
        Assert.Equal($"{folder.FullName}/\udcff\udcc3", info.WorkingDirectory);
        Assert.Contains(info.Descriptors, d => d.Target == $"{folder.FullName}/\udcff\udcc3/\udcfe");

        using Spawned renamed = Spawned.Python(@"import ctypes; ctypes.CDLL(None).prctl(15, b'\xff) S 1 (\n'); print(); input()");
        renamed.ReadLine();
        Assert.Equal("\udcff) S 1 (\n", renamed.Info.Name);
        using Spawned remove = new("rm", "-r", folder.FullName); // .NET itself cannot name what is in it
        Assert.Equal(0, remove.Wait().ToExitCode());
    }

    [Fact]
    public void An_environment_may_have_entries_that_are_no_variables()
    {
        using Spawned odd = Spawned.C(
            """
            #include <unistd.h>
            int main(int n, char **a) {
              char *env[] = { "A=1", "nothing", "", "A=2", "B=x=y", "C=", 0 };
              if (n < 2) execve("/proc/self/exe", (char *[]) { "odd", "again", 0 }, env);
              write(1, "\n", 1); pause();
            }
            """);
        odd.ReadLine();
        Assert.Equal(new Dictionary<string, string> { ["A"] = "1", ["B"] = "x=y", ["C"] = "" }, odd.Info.Environment);
    }

    [Fact]
    public void An_argument_list_and_an_environment_of_a_megabyte_are_read_whole()
    {
        string[] arguments = ["cat", .. Enumerable.Range(0, 1000).Select(i => $"{i}{new string('a', 1000)}")];
        string long1 = new('x', 120_000);
        using Spawned cat = new("sh", ["sh", "-c", "read line", .. arguments], [new("LONG", long1), new("OTHER", long1)], new PosixSpawnOptions());
        Assert.Equal(["sh", "-c", "read line", .. arguments], cat.Info.CommandLine);
        Assert.Equal([long1, long1], cat.Info.Environment.Where(v => v.Key is "LONG" or "OTHER").Select(v => v.Value));
    }

    [Fact]
    public void A_map_of_60_000_regions_is_the_one_that_the_kernel_prints()
    {
        using Spawned big = Spawned.C(
            """
            #include <stdio.h>
            #include <sys/mman.h>
            #include <unistd.h>
            int main(void) {
              char *m = mmap(0, 60000 * 4096L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              int ok = m != MAP_FAILED;
              for (long i = 0; i < 60000; i += 2) ok &= mprotect(m + i * 4096, 4096, PROT_READ | PROT_WRITE) == 0;
              printf("%d\n", ok); fflush(stdout); pause();
            }
            """);
        Assert.SkipUnless(big.ReadLine() == "1", "The kernel allows no such map (vm.max_map_count).");
        IReadOnlyList<MemoryRegion> map = big.Info.MemoryMap;
        Assert.True(map.Count > 60_000);
        string[] lines = File.ReadAllLines($"/proc/{big.Id}/maps");
        Assert.Equal(lines.Length, map.Count);
        for (int i = 0; i < lines.Length; i++)
        {
            string[] parts = lines[i].Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal($"{parts[0]} {parts[1]} {(parts.Length > 5 ? parts[5] : "")}", $"{map[i].Start:x8}-{map[i].End:x8} {map[i].Permissions} {map[i].Path}");
        }
    }

    [Fact]
    public void Descriptors_have_their_targets_and_the_flags_that_they_were_opened_with()
    {
        string file = Path.GetTempFileName();
        using Spawned python = Spawned.Python(
            """
            import os, socket, sys
            def at(number, fd):
                os.dup2(fd, number, inheritable=False)
            file = sys.argv[1]
            at(50, os.open(file, os.O_WRONLY | os.O_APPEND))
            at(51, os.open(file, os.O_RDWR | os.O_SYNC | os.O_NONBLOCK))
            at(52, os.open(file, os.O_RDONLY | os.O_DSYNC))
            at(53, os.open('/', os.O_RDONLY | os.O_DIRECTORY))
            at(54, os.open(file, os.O_PATH | os.O_NOFOLLOW))
            at(55, os.open(os.path.dirname(file), os.O_RDWR | os.O_TMPFILE))
            at(56, os.pipe2(os.O_NONBLOCK)[0])
            at(57, socket.socket().detach())
            at(58, os.eventfd(0))
            os.dup2(58, 59)
            os.unlink(file)
            print(); input()
            """,
            file);
        python.ReadLine();
        Dictionary<int, OpenDescriptor> all = python.Info.Descriptors.ToDictionary(d => d.Number);
        Assert.Equal(new OpenDescriptor(50, $"{file} (deleted)", "O_WRONLY|O_APPEND|O_CLOEXEC"), all[50]);
        Assert.Equal("O_RDWR|O_NONBLOCK|O_SYNC|O_CLOEXEC", all[51].Flags);
        Assert.Equal("O_RDONLY|O_DSYNC|O_CLOEXEC", all[52].Flags);
        Assert.Equal(new OpenDescriptor(53, "/", "O_RDONLY|O_DIRECTORY|O_CLOEXEC"), all[53]);
        Assert.Equal("O_RDONLY|O_NOFOLLOW|O_PATH|O_CLOEXEC", all[54].Flags);
        Assert.Equal("O_RDWR|O_TMPFILE|O_CLOEXEC", all[55].Flags);
        Assert.StartsWith("pipe:[", all[56].Target, StringComparison.Ordinal);
        Assert.Equal("O_RDONLY|O_NONBLOCK|O_CLOEXEC", all[56].Flags);
        Assert.StartsWith("socket:[", all[57].Target, StringComparison.Ordinal);
        Assert.Equal(new OpenDescriptor(58, "anon_inode:[eventfd]", "O_RDWR|O_CLOEXEC"), all[58]);
        Assert.Equal("O_RDWR", all[59].Flags);
        Assert.Equal([0, 1, 2, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59], python.Info.Descriptors.Select(d => d.Number).Where(n => n is < 3 or >= 50));
        Assert.Equal(Directory.GetFileSystemEntries($"/proc/{python.Id}/fd").Length, all.Count);
    }

    [Fact]
    public void Reading_descriptors_leaves_none_of_its_own_among_them()
    {
        int before = ProcessInfo.Current.Descriptors.Count;
        _ = ProcessInfo.Current.MemoryMap;
        _ = ProcessInfo.Current.State;
        _ = ProcessInfo.Current.Children;
        Assert.InRange(ProcessInfo.Current.Descriptors.Count, before - 2, before + 2); // the runtime has its own to open and close
    }

    [Fact]
    public void A_pending_signal_is_seen_with_the_mask_that_holds_it_back()
    {
        using Spawned sleep = new("sleep", ["sleep", "1000"], env: null, new PosixSpawnOptions { SignalMask = [Signal.Usr1, Signal.RealTime(2)] });
        Assert.Empty(sleep.Info.Signals.Pending);
        sleep.Send(Signal.Usr1);
        sleep.Send(Signal.RealTime(2));
        Assert.Equal([Signal.Usr1, Signal.RealTime(2)], sleep.Info.Signals.Pending.OrderBy(s => s.Number));
        Assert.Equal([Signal.Usr1, Signal.RealTime(2)], sleep.Info.Signals.Blocked.OrderBy(s => s.Number));
        Assert.Contains(Signal.Pipe, sleep.Info.Signals.Ignored); // the runtime's way, inherited
        Assert.Contains(Signal.Chld, ProcessInfo.Current.Signals.Caught);
    }

    [Fact]
    public void Limits_are_those_that_the_process_set_for_itself()
    {
        using Spawned python = Spawned.Python(
            """
            import resource as r
            values = []
            for number in range(16):
                soft, hard = r.getrlimit(number)
                if number in (0, 1, 2, 3, 4, 7, 8, 9, 15):
                    hard = 2**40 + number if hard == -1 else hard
                    soft = min(hard, 2**39 + number) if number != 7 else 100
                    r.setrlimit(number, (soft, hard))
            print([r.getrlimit(n) for n in range(16)])
            input()
            """);
        string printed = python.ReadLine();
        IReadOnlyDictionary<Resource, ResourceLimit> limits = python.Info.Limits;
        string ours = string.Join(", ", Enum.GetValues<Resource>().Select(r => $"({limits[r].Soft ?? -1}, {limits[r].Hard ?? -1})"));
        Assert.Equal(printed, $"[{ours}]");
        Assert.Equal(16, limits.Count);
    }

    [Fact]
    public void Usage_is_what_the_process_itself_and_its_parent_are_told()
    {
        using Spawned python = Spawned.Python(
            """
            import resource, threading, time
            while time.process_time() < 0.5: pass
            data = bytearray(50_000_000)
            del data
            event = threading.Event()
            def ticks():
                for _ in range(100): time.sleep(0.001)
                event.set(); threading.Event().wait()
            threading.Thread(target=ticks, daemon=True).start()
            event.wait()
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
            input()
            """);
        long resident = long.Parse(python.ReadLine(), CultureInfo.InvariantCulture);
        Eventually(() => python.Info.State == ProcessState.Waiting);
        ResourceUsage usage = python.Info.Usage;
        Assert.InRange((usage.UserTime + usage.SystemTime).TotalSeconds, 0.45, 5);
        Assert.InRange(usage.MaxResidentBytes, 50_000_000, resident); // getrusage keeps the maximum of the time before exec, too
        Assert.True(usage.VoluntarySwitches > 100, $"{usage.VoluntarySwitches}"); // the other thread's are in it

        python.Send(Signal.Kill);
        python.WaitForZombie();
        ResourceUsage zombie = python.Info.Usage;
        Assert.Equal(0, zombie.MaxResidentBytes);
        ResourceUsage told = Os.WaitId(IdType.Pid, python.Id, WaitIdOptions.Exited | WaitIdOptions.NoWait)!.Usage;
        Assert.InRange((zombie.UserTime - told.UserTime).TotalMilliseconds, -21, 21);
        Assert.InRange((zombie.SystemTime - told.SystemTime).TotalMilliseconds, -21, 21);
        Assert.Equal((told.MinorFaults, told.MajorFaults), (zombie.MinorFaults, zombie.MajorFaults));
    }

    [Fact]
    public void A_process_started_between_two_moments_has_its_start_time_between_them_and_always_the_same()
    {
        DateTimeOffset before = DateTimeOffset.UtcNow.AddMilliseconds(-20); // the kernel rounds down to a hundredth of a second
        using Spawned cat = new("cat");
        DateTimeOffset after = DateTimeOffset.UtcNow.AddMilliseconds(1);
        ProcessInfo info = cat.Info;
        DateTimeOffset started = info.StartTime;
        Assert.InRange(started, before, after);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(started, info.StartTime);
        }

        Assert.InRange((ProcessInfo.Current.StartTime.LocalDateTime - Process.GetCurrentProcess().StartTime).Duration().TotalSeconds, 0, 1);
    }

    [Fact]
    public void Children_are_the_living_and_the_zombies_and_no_grandchildren()
    {
        using Spawned cat = new("cat");
        using Spawned shell = new("sh", "-c", "sleep 1000 & read line; kill $!; wait");
        using Spawned ended = new("true");
        ended.WaitForZombie();
        Assert.Equal(Sorted(cat.Id, shell.Id, ended.Id), ProcessInfo.Current.Children.Select(c => c.Id));
        Eventually(() => shell.Info.Children.Count == 1);
        ProcessInfo grandchild = Assert.Single(shell.Info.Children);
        Assert.Equal(shell.Id, grandchild.ParentId);
        shell.WriteLine("");
        shell.Wait();
        Assert.Equal(ProcessState.Terminated, grandchild.State);
        ended.Wait();
        Assert.Equal(Sorted(cat.Id), ProcessInfo.Current.Children.Select(c => c.Id));

        static int[] Sorted(params int[] ids) => [.. ids.Order()];
    }

    [Fact]
    public void There_is_no_process_where_there_is_none()
    {
        int none = int.Parse(File.ReadAllText("/proc/sys/kernel/pid_max"), CultureInfo.InvariantCulture) + 1;
        PosixException failure = Assert.Throws<PosixException>(() => ProcessInfo.Of(none));
        Assert.Equal($"open: No such process (ESRCH): '/proc/{none}'", failure.Message);
        Assert.False(ProcessInfo.TryOf(none, out ProcessInfo? info));
        Assert.Null(info);
        Assert.Throws<ArgumentOutOfRangeException>(() => ProcessInfo.Of(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProcessInfo.Of(-1));
        Assert.False(ProcessInfo.TryOf(0, out _));
        Assert.True(ProcessInfo.TryOf(1, out info));
        Assert.Equal(1, info.Id);
        Assert.Equal(Environment.ProcessId, ProcessInfo.Current.Id);
    }

    [Fact]
    public void A_thread_is_not_a_process()
    {
        string[] threads = [.. Directory.GetDirectories("/proc/self/task").Select(d => Path.GetFileName(d)).Where(t => t != $"{Environment.ProcessId}")];
        Assert.NotEmpty(threads);
        int thread = int.Parse(threads[0], CultureInfo.InvariantCulture);
        Assert.True(File.Exists($"/proc/{thread}/stat")); // though it is not listed
        Assert.Equal(NoSuchProcess, Assert.Throws<PosixException>(() => ProcessInfo.Of(thread)).Errno);
        Assert.False(ProcessInfo.TryOf(thread, out _));
    }

    [Fact]
    public void Of_a_zombie_what_is_left_can_be_read_and_the_rest_is_empty()
    {
        using Spawned child = new("cat");
        ProcessInfo info = child.Info;
        DateTimeOffset started = info.StartTime;
        child.Send(Signal.Kill);
        child.WaitForZombie();
        Assert.Equal((child.Id, Environment.ProcessId, "cat", ProcessState.Zombie, started, 1), (info.Id, info.ParentId, info.Name, info.State, info.StartTime, info.ThreadCount));
        Assert.Equal((ProcessInfo.Current.ProcessGroupId, ProcessInfo.Current.SessionId), (info.ProcessGroupId, info.SessionId));
        Assert.Equal(ProcessInfo.Current.UserIds, info.UserIds);
        Assert.Equal(16, info.Limits.Count);
        Assert.NotNull(info.Signals);
        Assert.Empty(info.CommandLine);
        Assert.Empty(info.Environment);
        Assert.Empty(info.MemoryMap);
        Assert.Empty(info.Descriptors);
        Assert.Empty(info.Children);
        Assert.Equal(NotThere, Assert.Throws<PosixException>(() => info.WorkingDirectory).Errno);
    }

    [Fact]
    public void A_kernel_thread_has_a_name_and_no_memory()
    {
        Assert.SkipUnless(ProcessInfo.TryOf(2, out ProcessInfo? info) && info.Name == "kthreadd", "Kernel threads are not visible here.");
        Assert.Equal((0, 0, 0), (info.ParentId, info.ProcessGroupId, info.SessionId));
        Assert.Equal(ProcessState.Waiting, info.State);
        Assert.Empty(info.CommandLine);
        Assert.Empty(info.Environment);
        Assert.Empty(info.MemoryMap);
        Assert.Empty(info.Descriptors);
        Assert.Equal("/", info.WorkingDirectory);
        Assert.Contains(info.Children, c => c.Name.StartsWith("kworker/", StringComparison.Ordinal));
        Assert.All(info.Children, c => Assert.NotEqual(ProcessState.New, c.State)); // never executed a program, and shares nobody's memory
    }

    [Fact]
    public void Once_the_process_is_gone_its_state_says_so_and_everything_else_is_one_clear_error()
    {
        using Spawned child = new("cat");
        ProcessInfo info = child.Info;
        child.Send(Signal.Kill);
        child.Wait();
        Assert.Equal(ProcessState.Terminated, info.State);
        Assert.Equal(child.Id, info.Id);
        foreach (Action ask in Readers(info))
        {
            PosixException failure = Assert.Throws<PosixException>(ask);
            Assert.Equal(NoSuchProcess, failure.Errno);
            Assert.Contains($"No such process (ESRCH): '/proc/{child.Id}/", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Another_process_with_the_same_ID_is_not_taken_for_it()
    {
        const string Last = "/proc/sys/kernel/ns_last_pid";
        Assert.SkipUnless(File.Exists(Last) && Environment.UserName == "root", "The next process ID cannot be chosen here.");
        using Spawned child = new("cat");
        ProcessInfo info = child.Info;
        DateTimeOffset started = info.StartTime;
        child.Send(Signal.Kill);
        child.Wait();
        Eventually(() => DateTimeOffset.UtcNow - started > TimeSpan.FromMilliseconds(30)); // the start time's own grain is 10
        Eventually(() =>
        {
            File.WriteAllText(Last, $"{child.Id - 1}");
            using Spawned other = new("cat");
            if (other.Id != child.Id)
            {
                return false; // somebody else was quicker
            }

            Assert.Equal(ProcessState.Terminated, info.State);
            Assert.All(Readers(info), ask => Assert.Equal(NoSuchProcess, Assert.Throws<PosixException>(ask).Errno));
            Assert.NotEqual(ProcessState.Terminated, other.Info.State);
            return true;
        });
    }

    [Fact]
    public void What_another_users_process_may_not_be_asked_is_an_error_that_names_the_file()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root may become another user.");
        using Spawned cat = new("cat");
        int pid = cat.Id;

        // A thread of this process becomes nobody for as long as the questions take: only its own, by the bare system call.
        List<(string File, int Errno)> failures = [];
        Thread nobody = new(() =>
        {
            const int SetResUid = 117; // 147 on arm64
            int number = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64 ? SetResUid : 147;
            Assert.Equal(0, Libc.syscall(number, -1, 65534, 0, 0, 0));
            try
            {
                ProcessInfo info = ProcessInfo.Of(pid);
                Assert.Equal(ProcessState.Waiting, info.State);
                Assert.Equal(["cat"], info.CommandLine);
                foreach (Func<object> ask in (Func<object>[])[() => info.Environment, () => info.WorkingDirectory, () => info.MemoryMap, () => info.Descriptors])
                {
                    PosixException failure = Assert.Throws<PosixException>(() => ask());
                    failures.Add((failure.Path!, failure.Errno));
                }
            }
            catch (Exception unexpected)
            {
                failures.Add((unexpected.ToString(), 0));
            }
            finally
            {
                Libc.syscall(number, -1, 0, 0, 0, 0);
            }
        });
        Eventually(() => cat.Info.State == ProcessState.Waiting);
        nobody.Start();
        nobody.Join();
        Assert.Equal([($"/proc/{pid}/environ", NotAllowed), ($"/proc/{pid}/cwd", NotAllowed), ($"/proc/{pid}/maps", NotAllowed), ($"/proc/{pid}/fd", NotAllowed)], failures);
    }

    [Fact]
    public void The_working_directory_follows_chdir_and_says_when_it_was_removed()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("cwd-");
        using Spawned shell = new("sh", "-c", "cd \"$0\"; echo; read line; cd /; echo; read line", folder.FullName);
        ProcessInfo info = shell.Info;
        shell.ReadLine();
        Assert.Equal(folder.FullName, info.WorkingDirectory);
        folder.Delete();
        Assert.Equal($"{folder.FullName} (deleted)", info.WorkingDirectory);
        shell.WriteLine("");
        shell.ReadLine();
        Assert.Equal("/", info.WorkingDirectory);
    }

    internal static Action[] Readers(ProcessInfo info) =>
    [
        () => _ = info.ParentId,
        () => _ = info.ProcessGroupId,
        () => _ = info.SessionId,
        () => _ = info.Name,
        () => _ = info.StartTime,
        () => _ = info.CommandLine,
        () => _ = info.Environment,
        () => _ = info.WorkingDirectory,
        () => _ = info.UserIds,
        () => _ = info.GroupIds,
        () => _ = info.SupplementaryGroups,
        () => _ = info.MemoryMap,
        () => _ = info.Descriptors,
        () => _ = info.Signals,
        () => _ = info.Limits,
        () => _ = info.Usage,
        () => _ = info.ThreadCount,
        () => _ = info.Children,
    ];

    private static void AgreesWithPs(ProcessInfo info)
    {
        string Ps(string column) => PsTable.Ask(info.Id, column);
        Assert.Equal(Ps("pid"), $"{info.Id}");
        Assert.Equal(Ps("ppid"), $"{info.ParentId}");
        Assert.Equal(Ps("pgid"), $"{info.ProcessGroupId}");
        Assert.Equal(Ps("sid"), $"{info.SessionId}");
        Assert.Equal($"{Ps("ruid")} {Ps("euid")} {Ps("suid")}", $"{info.UserIds.Real} {info.UserIds.Effective} {info.UserIds.Saved}");
        Assert.Equal($"{Ps("rgid")} {Ps("egid")} {Ps("sgid")}", $"{info.GroupIds.Real} {info.GroupIds.Effective} {info.GroupIds.Saved}");
        Assert.Equal(Ps("supgid").Replace("-", "", StringComparison.Ordinal), string.Join(',', info.SupplementaryGroups));
        bool zombie = info.State == ProcessState.Zombie;
        Assert.Equal(Ps("comm"), info.Name);
        Assert.Equal(Ps("args"), info.CommandLine.Count > 0 ? string.Join(' ', info.CommandLine) : zombie ? $"[{info.Name}] <defunct>" : $"[{info.Name}]");
        Assert.Equal(Ps("nlwp"), $"{info.ThreadCount}");
        DateTimeOffset started = DateTimeOffset.ParseExact(Ps("lstart"), "ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture, DateTimeStyles.AllowWhiteSpaces | DateTimeStyles.AssumeUniversal);
        Assert.InRange((info.StartTime - started).TotalSeconds, -1.5, 1.5);
        Assert.Equal($"{Ps("blocked")} {Ps("ignored")} {Ps("caught")}", $"{Mask(info.Signals.Blocked)} {Mask(info.Signals.Ignored)} {Mask(info.Signals.Caught)}");
        if (info.Id != Environment.ProcessId)
        {
            // What goes on changing in a process that is busy, such as this one.
            Assert.Equal(Ps("pending"), Mask(info.Signals.Pending));
            string letter = Ps("state");
            Assert.Contains(info.State.ToString(), letter switch { "S" or "D" or "I" => "Waiting Running Ready", "T" => "Stopped", "Z" => "Zombie", _ => "Running Ready" }, StringComparison.Ordinal);
        }

        if (info.Id != Environment.ProcessId && info.Id != Os.GetPpid())
        {
            Assert.Equal($"{Ps("min_flt")} {Ps("maj_flt")}", $"{info.Usage.MinorFaults} {info.Usage.MajorFaults}");
            TimeSpan time = info.Usage.UserTime + info.Usage.SystemTime;
            Assert.InRange((time - TimeSpan.Parse(Ps("cputime").Replace('-', '.'), CultureInfo.InvariantCulture)).TotalSeconds, -1, 1.5);
        }
    }

    private static string Mask(IEnumerable<Signal> signals) => signals.Aggregate(0UL, (mask, s) => mask | (1UL << (s.Number - 1))).ToString("x16", CultureInfo.InvariantCulture);

    private static void Eventually(Func<bool> ask) => Assert.True(SpinWait.SpinUntil(ask, TimeSpan.FromSeconds(30)), "It did not happen in time.");
}
