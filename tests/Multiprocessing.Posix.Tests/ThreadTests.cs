namespace Multiprocessing.Posix.Tests;

public sealed class ThreadTests
{
    [Fact]
    public void Each_thread_has_an_ID_of_its_own_that_the_kernel_lists()
    {
        int mine = Os.GetTid();
        int others = 0;
        OnAThreadOfItsOwn(() =>
        {
            others = Os.GetTid();
            Assert.True(Directory.Exists($"/proc/self/task/{others}"));
        });
        Assert.True(Directory.Exists($"/proc/self/task/{mine}"));
        Assert.NotEqual(mine, others);
        Assert.NotEqual(0, others);
    }

    [Fact]
    public void The_name_of_a_thread_can_be_set_and_read_and_is_what_the_kernel_shows()
    {
        string read = "";
        string shown = "";
        OnAThreadOfItsOwn(() =>
        {
            Os.Prctl(PrctlOption.SetName, "größe-von-123"); // 15 bytes
            Os.Prctl(PrctlOption.GetName, out read);
            shown = File.ReadAllText($"/proc/self/task/{Os.GetTid()}/comm");
        });
        Assert.Equal("größe-von-123", read);
        Assert.Equal("größe-von-123\n", shown);
        Assert.Throws<ArgumentException>(() => Os.Prctl(PrctlOption.SetName, "sixteen bytes at"));
        Assert.Throws<ArgumentException>(() => Os.Prctl(PrctlOption.SetName, "a\0b"));
    }

    [Fact]
    public void An_option_of_another_shape_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Os.Prctl(PrctlOption.GetChildSubreaper));
        Assert.Throws<ArgumentException>(() => Os.Prctl(PrctlOption.SetName));
        Assert.Throws<ArgumentException>(() => Os.Prctl(PrctlOption.GetDumpable, out nint _));
        Assert.Throws<ArgumentException>(() => Os.Prctl(PrctlOption.GetName, "x"));
        Assert.Throws<ArgumentException>(() => Os.Prctl(PrctlOption.SetName, out string _));
    }

    [Fact]
    public void The_address_that_the_kernel_clears_at_a_threads_end_can_be_read()
    {
        Os.Prctl(PrctlOption.GetTidAddress, out nint address);
        Assert.NotEqual(0, address);
    }

    private static void OnAThreadOfItsOwn(Action action) => Task.Factory.StartNew(action, TaskCreationOptions.LongRunning).GetAwaiter().GetResult();
}
