namespace Multiprocessing.Tests;

public sealed class StartMethodTests
{
    [Fact]
    [Conformance(25)]
    public void The_start_methods_that_there_are_can_be_listed_the_default_first()
    {
        Assert.Equal(ChildProcess.DefaultStartMethod, ChildProcess.StartMethods[0]);
        Assert.Contains(StartMethod.Spawn, ChildProcess.StartMethods);
        Assert.Equal(ForkServer.IsSupported(out string? reason), ChildProcess.StartMethods.Contains(StartMethod.ForkServer));
        Assert.Equal(reason is null, ForkServer.IsSupported(out _));
    }

    [Fact]
    [Conformance(27)]
    public async Task The_default_can_be_set_until_the_first_child_is_started()
    {
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            ChildProcess.DefaultStartMethod = StartMethod.Default;
            ChildProcess.DefaultStartMethod = StartMethod.Spawn;
            string before = $"{ChildProcess.DefaultStartMethod}";
            ChildProcess.RunAsync(Nothing).GetAwaiter().GetResult();
            string refused = "";
            try
            {
                ChildProcess.DefaultStartMethod = StartMethod.Spawn;
            }
            catch (InvalidOperationException exception)
            {
                refused = exception.Message;
            }

            return new[] { before, refused };
        });
        Assert.Equal(["Spawn", "A child has been started already; set DefaultStartMethod before the first one, or say the method in its ChildProcessOptions."], seen);
        Assert.Throws<ArgumentOutOfRangeException>(() => ChildProcess.DefaultStartMethod = (StartMethod)(-1));
        Assert.Throws<PlatformNotSupportedException>(() => ChildProcess.DefaultStartMethod = StartMethod.Fork);
    }

    [Fact]
    [Conformance(28)]
    public async Task A_child_has_the_method_it_was_started_by_as_its_own()
    {
        Assert.Equal(StartMethod.Spawn, await ChildProcess.RunAsync(() => ChildProcess.DefaultStartMethod, new ChildProcessOptions { StartMethod = StartMethod.Spawn }));
    }

    [Fact]
    public async Task Spawned_children_run_the_warm_ups_of_the_fork_server_before_their_work()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            int number = 40;
            ForkServer.WarmUp(() => AppDomain.CurrentDomain.SetData("warm", number));
            ForkServer.WarmUp(() => AppDomain.CurrentDomain.SetData("warm", (int)AppDomain.CurrentDomain.GetData("warm")! + 2));
            return $"{AppDomain.CurrentDomain.GetData("warm")} {ChildProcess.RunAsync(() => AppDomain.CurrentDomain.GetData("warm")!.ToString()!).GetAwaiter().GetResult()}";
        });
        Assert.Equal(" 42", seen);
    }

    [Fact]
    public async Task A_warm_up_that_throws_is_its_childs_failure()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            ForkServer.WarmUp(() => throw new InvalidOperationException("cold"));
            try
            {
                ChildProcess.RunAsync(Nothing).GetAwaiter().GetResult();
                return "";
            }
            catch (ChildFailedException failure)
            {
                return failure.InnerException!.Message;
            }
        });
        Assert.Equal("cold", seen);
    }

    [Fact]
    public void Where_there_is_no_fork_server_only_what_needs_one_says_so()
    {
        Assert.SkipWhen(ForkServer.IsSupported(out string? reason), "There is a fork server.");
        Assert.Null(ForkServer.Pid);
        Assert.Equal(reason, Assert.Throws<PlatformNotSupportedException>(ForkServer.EnsureRunning).Message);
        ForkServer.Preload(typeof(StartMethodTests).Assembly);
        ForkServer.Standby(3);
        Assert.Throws<ArgumentOutOfRangeException>(() => ForkServer.Standby(-1));
        Assert.Throws<ArgumentNullException>(() => ForkServer.WarmUp(null!));
    }

    private static void Nothing()
    {
    }
}
