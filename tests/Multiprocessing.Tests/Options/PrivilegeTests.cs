using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Parents that may change the user of a child, but are not root of the whole system, or may not kill other users' processes.</summary>
public sealed class PrivilegeTests
{
    private static readonly string[] s_onlySetUid = ["--reuid", "1000", "--regid", "1000", "--clear-groups", "--inh-caps", "+setuid,+setgid", "--ambient-caps", "+setuid,+setgid"];
    private static readonly string[] s_withoutKill = ["--inh-caps", "-kill", "--bounding-set", "-kill"];

    [Fact]
    public void Children_of_another_user_die_with_a_parent_that_is_not_root()
    {
        using Process parent = Start(s_onlySetUid, "lifeline");
        SafeDescriptorHandle[] children = [Open(parent), Open(parent)];
        parent.Kill();
        parent.WaitForExit();
        foreach (SafeDescriptorHandle child in children)
        {
            Assert.NotEqual(PollEvents.None, Os.Poll(child, PollEvents.Readable, TimeSpan.FromSeconds(20)));
            child.Dispose();
        }
    }

    [Fact]
    public void A_parent_that_is_not_root_leaves_its_child_no_capabilities_to_go_back_by()
    {
        using Process parent = Start(s_onlySetUid, "capabilities");
        Assert.Equal("CapPrm:\t0000000000000000 1", parent.StandardOutput.ReadLine());
        parent.WaitForExit();
        Assert.Equal(0, parent.ExitCode);
    }

    [Fact]
    public void A_parent_that_may_not_kill_its_child_ends_it_at_its_time_and_when_disposed()
    {
        using Process parent = Start(s_withoutKill, "timeout");
        Assert.Equal("TimedOut -9", parent.StandardOutput.ReadLine());
        Assert.Equal("pidfd_send_signal: Operation not permitted (EPERM)", parent.StandardOutput.ReadLine());
        Assert.Equal("-9", parent.StandardOutput.ReadLine());
        parent.WaitForExit();
        Assert.Equal(0, parent.ExitCode);
    }

    [Fact]
    public void A_parent_that_may_not_kill_its_children_leaves_all_the_same()
    {
        using Process parent = Start(s_withoutKill, "leave");
        using SafeDescriptorHandle tied = Open(parent);
        using SafeDescriptorHandle free = Open(parent);
        try
        {
            Assert.True(parent.WaitForExit(TimeSpan.FromSeconds(60)));
            Assert.Equal(7, parent.ExitCode);
            Assert.NotEqual(PollEvents.None, Os.Poll(tied, PollEvents.Readable, TimeSpan.FromSeconds(20)));
            Assert.Equal(PollEvents.None, Os.Poll(free, PollEvents.Readable, TimeSpan.Zero));
        }
        finally
        {
            Os.PidFdSendSignal(free, Signal.Kill); // nobody else may
            Os.Poll(free, PollEvents.Readable, TimeSpan.FromSeconds(20));
        }
    }

    [Fact]
    public async Task Of_another_users_child_no_more_is_taken_than_was_asked_for()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may start a child as somebody else.");
        ChildProcessOptions nobody = new() { User = new ChildUser(65534, 65534) };
        Assert.Equal([1, 2], await ChildProcess.RunAsync(() => new List<int> { 1, 2 }, nobody));
        Assert.Equal(["a", "b"], await ChildProcess.RunAsync(() => new[] { "a", "b" }, nobody));
        Assert.Equal(new Point(3, 4), await ChildProcess.RunAsync(() => new Point(3, 4), nobody));
        Assert.Equal(DayOfWeek.Friday, await ChildProcess.RunAsync(() => DayOfWeek.Friday, nobody));
        Assert.Equal(5, await ChildProcess.RunAsync(int? () => 5, nobody));

        InvalidDataException refusal = await Assert.ThrowsAsync<InvalidDataException>(() => ChildProcess.RunAsync(object () => new List<int> { 1 }, nobody));
        Assert.StartsWith("A child that runs as another user, or a peer that is not trusted, may send only what was asked for (Object), exactly,", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(() => ChildProcess.RunAsync(() => new Func<int>(() => 1), nobody));

        ChildFailedException failure = await Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(() => throw new InvalidOperationException("its own", new FormatException("cause")), nobody));
        Assert.Null(failure.InnerException);
        Assert.Equal("System.InvalidOperationException", failure.RemoteType);
        Assert.Contains("its own", failure.Message, StringComparison.Ordinal);
        Assert.Contains("FormatException: cause", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_that_makes_itself_another_user_is_found_out()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may become somebody else.");
        Assert.Equal(new Point(3, 4), await ChildProcess.RunAsync(() => AsNobody(new Point(3, 4))));
        InvalidDataException refusal = await Assert.ThrowsAsync<InvalidDataException>(() => ChildProcess.RunAsync(() => AsNobody<object>(new Point(3, 4))));
        Assert.Contains("only what was asked for (Object)", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(new Point(3, 4), await ChildProcess.RunAsync(object () => new Point(3, 4)));

        static T AsNobody<T>(T result)
        {
            Os.SetResGid(65534, 65534, 65534);
            Os.SetResUid(65534, 65534, 65534);
            return result;
        }
    }

    private sealed record Point(int X, int Y);

    private static SafeDescriptorHandle Open(Process parent) => Os.PidFdOpen(int.Parse(parent.StandardOutput.ReadLine()!));

    private static Process Start(string[] privileges, string what)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can give privileges away.");
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "There is no setpriv (util-linux).");
        using Process check = Process.Start("/usr/bin/setpriv", [.. privileges, "/bin/sh", "-c", $"test -x '{TestProgram.FilePath}' -a -r '{Path.ChangeExtension(TestProgram.FilePath, ".dll")}'"]);
        check.WaitForExit();
        Assert.SkipUnless(check.ExitCode == 0, "Other users may not execute the test programs where they are.");
        return Process.Start(new ProcessStartInfo("/usr/bin/setpriv", [.. privileges, TestProgram.FilePath, "user-child", what]) { RedirectStandardOutput = true })!;
    }
}
