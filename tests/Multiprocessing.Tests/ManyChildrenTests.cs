namespace Multiprocessing.Tests;

public sealed class ManyChildrenTests
{
    [Fact]
    [TimeLimit(180)]
    [Conformance(7)]
    public void A_thousand_children_one_after_another_leave_no_zombie_descriptor_or_thread()
    {
        StartAndJoin();
        int threads = Directory.GetDirectories("/proc/self/task").Length;
        for (int i = 0; i < 1_000; i++)
        {
            StartAndJoin(); // neither closed nor disposed
        }

        // Zombies and descriptors are counted around every test, see tests/Shared.
        Assert.InRange(Directory.GetDirectories("/proc/self/task").Length, 1, threads + 2); // the runtime's own come and go
        Assert.Empty(ChildProcess.ActiveChildren);

        static void StartAndJoin()
        {
            ChildProcess child = new(() => { });
            child.Start();
            child.Join();
            Assert.Equal(0, child.ExitCode);
        }
    }

    [Fact]
    [TimeLimit(120)]
    public async Task Two_hundred_children_at_once_all_answer_and_leave_nothing()
    {
        Task<int>[] tasks = [.. Enumerable.Range(0, 200).Select(i => ChildProcess.RunAsync(() => i * i))];
        int[] squares = await Task.WhenAll(tasks);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => i * i), squares);
        Assert.Empty(ChildProcess.ActiveChildren);
    }

    [Fact]
    [TimeLimit(120)]
    [Conformance(20)]
    public void A_hundred_short_children_started_together_all_end_with_0()
    {
        ChildProcess[] children = [.. Enumerable.Range(0, 100).Select(_ => ChildProcess.Start(() => { }))];
        Array.ForEach(children, c => c.Join());
        Assert.All(children, c => Assert.Equal(0, c.ExitCode));
    }

    [Fact]
    [TimeLimit(120)]
    [Conformance(20)]
    public void A_hundred_children_terminated_right_after_their_start_all_end_by_that_signal()
    {
        ChildProcess[] children = [.. Enumerable.Range(0, 100).Select(_ => ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite)))];
        Array.ForEach(children, c => c.Terminate());
        Array.ForEach(children, c => c.Join());
        Assert.All(children, c => Assert.Equal(-15, c.ExitCode));
    }

    [Fact]
    public void Children_that_nobody_asked_about_are_reaped_by_the_next_start()
    {
        ChildProcess forgotten = ChildProcess.Start(() => { });
        int pid = forgotten.Pid!.Value;
        Assert.NotEqual(Posix.PollEvents.None, Posix.Os.Poll((Posix.SafeDescriptorHandle)forgotten.Sentinel, Posix.PollEvents.Readable, TimeSpan.FromSeconds(10)));
        Assert.True(Directory.Exists($"/proc/{pid}")); // a zombie: nobody has asked
        using ChildProcess next = ChildProcess.Start(() => { });
        Assert.False(Directory.Exists($"/proc/{pid}"));
        next.Join();
        forgotten.Close();
    }

    [Fact]
    [Conformance(21)]
    public async Task Levels_of_children_answer_through_one_another() => Assert.Equal("4 3 2 1 0", await Descend(4));

    private static async Task<string> Descend(int levels) => levels == 0 ? "0" : $"{levels} {await ChildProcess.RunAsync(() => Descend(levels - 1))}";
}
