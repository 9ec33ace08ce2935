using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

public sealed class IdentityTests
{
    private static readonly ChildProcessOptions s_piped = new() { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe };

    [Fact]
    [Conformance(10)]
    public async Task A_process_has_a_key_that_its_children_and_theirs_get()
    {
        byte[] key = ChildProcess.Current.AuthKey;
        Assert.Equal(32, key.Length);
        Assert.Equal(key, ChildProcess.Current.AuthKey);
        key[0] ^= 1; // a copy
        Assert.NotEqual(key, ChildProcess.Current.AuthKey);

        byte[][] seen = await ChildProcess.RunAsync(() => new[]
        {
            ChildProcess.Current.AuthKey,
            ChildProcess.Parent!.AuthKey,
            ChildProcess.RunAsync(() => ChildProcess.Current.AuthKey).GetAwaiter().GetResult(),
        });
        Assert.All(seen, childs => Assert.Equal(ChildProcess.Current.AuthKey, childs));
    }

    [Fact]
    [Conformance(10)]
    public async Task A_key_that_is_set_holds_for_children_started_from_then_on()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            ChildProcess.Current.AuthKey = [1, 2, 3];
            return string.Join(',', ChildProcess.RunAsync(() => ChildProcess.Current.AuthKey).GetAwaiter().GetResult());
        });
        Assert.Equal("1,2,3", seen);
        Assert.Throws<ArgumentException>(() => ChildProcess.Current.AuthKey = []);
        Assert.Throws<ArgumentNullException>(() => ChildProcess.Current.AuthKey = null!);
    }

    [Fact]
    public void Two_applications_have_different_keys()
    {
        string one = TestProgram.Run(["key"]).Output;
        Assert.Equal(65, one.Length);
        Assert.NotEqual(one, TestProgram.Run(["key"]).Output);
    }

    [Fact]
    public void An_identity_does_not_tell_its_key()
    {
        ProcessIdentity current = ChildProcess.Current;
        Assert.Equal($"ProcessIdentity {{ Name = MainProcess, Pid = {Environment.ProcessId}, Daemon = False }}", current.ToString());
        Assert.Equal(new ProcessIdentity("MainProcess", Environment.ProcessId, Daemon: false), current);
    }

    [Fact]
    [Conformance(9, 12)]
    public async Task A_child_sees_whether_its_parent_lives()
    {
        Assert.True(ChildProcess.Current.IsAlive);
        Assert.Null(ChildProcess.Parent);
        Assert.Throws<InvalidOperationException>(() => ChildProcess.Current.WaitForExit());
        Assert.Throws<InvalidOperationException>(() => new ProcessIdentity("somebody", 999999, Daemon: false).IsAlive);
        string seen = await ChildProcess.RunAsync(() =>
        {
            ProcessIdentity parent = ChildProcess.Parent!;
            string refused = "";
            try
            {
                parent.WaitForExit(TimeSpan.FromSeconds(-2));
            }
            catch (ArgumentOutOfRangeException exception)
            {
                refused = exception.ParamName!;
            }

            return $"{parent.Name} {parent.Pid} {parent.IsAlive} {parent.WaitForExit(TimeSpan.Zero)} {parent.WaitForExit(TimeSpan.FromMilliseconds(50))} {refused}";
        });
        Assert.Equal($"MainProcess {Environment.ProcessId} True False False timeout", seen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Conformance(12)]
    public void A_child_that_outlives_its_parent_sees_its_end(bool askedBefore)
    {
        using ChildProcess parent = ChildProcess.Start(
            () =>
            {
                using ChildProcess child = ChildProcess.Start(
                    () =>
                    {
                        ProcessIdentity starter = ChildProcess.Parent!;
                        Console.WriteLine(askedBefore ? $"{starter.IsAlive}" : "-");
                        Console.WriteLine($"{Environment.ProcessId}");
                        bool ended = starter.WaitForExit(TimeSpan.FromSeconds(30));
                        Console.ReadLine(); // all of us have seen it
                        Console.WriteLine($"{ended} {starter.IsAlive} {starter.WaitForExit()}");
                    },
                    options: new ChildProcessOptions { KillOnParentExit = false, StandardInput = StandardStream.Inherit });
                Thread.Sleep(Timeout.Infinite);
            },
            options: s_piped);
        using StreamReader output = new(parent.StandardOutput!);
        Assert.Equal(askedBefore ? "True" : "-", output.ReadLine());
        using SafeDescriptorHandle child = Os.PidFdOpen(int.Parse(output.ReadLine()!));
        parent.Kill();
        parent.Join();
        using (StreamWriter input = new(parent.StandardInput!))
        {
            input.WriteLine();
        }

        Assert.Equal("True False True", output.ReadLine());
        Os.Poll(child, PollEvents.Readable, TimeSpan.FromSeconds(30));
    }
}
