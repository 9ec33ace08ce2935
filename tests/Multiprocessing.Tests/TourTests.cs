using System.Diagnostics;

namespace Multiprocessing.Tests;

/// <summary>The programs of the tour that wait say what wait(2) teaches.</summary>
public sealed class TourTests
{
    [Fact]
    public void Child_status_tells_the_exit_status()
    {
        using Tour tour = new("child-status", "9");
        Assert.Equal($"waitpid() returned: PID = {tour.ReadNumber("waitpid() returned: PID = ")}; status = 0x900(9, 0)", tour.LastLine);
        Assert.Equal("child exited, status=9", tour.ReadLine());
        Assert.Null(tour.ReadLine());
        Assert.Equal(0, tour.ExitCode);
    }

    [Fact]
    public void Child_status_tells_every_change_that_a_shell_causes()
    {
        using Tour tour = new("child-status");
        int pid = tour.ReadNumber("child started with PID = ");

        Kill("STOP");
        Assert.Equal($"waitpid() returned: PID = {pid}; status = 0x137f(19, 127)", tour.ReadLine());
        Assert.Equal("child stopped by signal 19(Stopped (signal))", tour.ReadLine());
        Kill("CONT");
        Assert.Equal($"waitpid() returned: PID = {pid}; status = 0xffff(255, 255)", tour.ReadLine());
        Assert.Equal("child continued", tour.ReadLine());
        Kill("ABRT");
        Assert.Contains(tour.ReadLine(), Enumerable.Select<string, string?>(["0x6(0, 6)", "0x86(0, 134)"], status => $"waitpid() returned: PID = {pid}; status = {status}"));
        Assert.Matches(@"^child killed by signal 6\(Aborted\)( \(core dumped\))?$", tour.ReadLine());
        Assert.Null(tour.ReadLine());
        Assert.Equal(0, tour.ExitCode);

        void Kill(string signal)
        {
            using Process shell = Process.Start("/bin/sh", ["-c", $"kill -{signal} {pid}"]);
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
        }
    }

    [Fact]
    public void Multi_wait_reports_the_children_as_they_end_until_there_are_none()
    {
        using Tour tour = new("multi-wait", "2", "0", "1");
        List<int> started = [];
        for (int i = 1; i <= 3; i++)
        {
            started.Add(tour.ReadNumber($" child {i} started with PID "));
        }

        int[] ended = [.. Enumerable.Range(1, 3).Select(dead => tour.ReadNumber(" wait() returned child PID ", $" (num_dead={dead})"))];
        Assert.Equal([started[1], started[2], started[0]], ended);
        Assert.Equal("No more child processes - bye!", tour.ReadLine());
        Assert.Equal("exit codes: 0, 0, 0", tour.ReadLine());
        Assert.Null(tour.ReadLine());
        Assert.Equal(0, tour.ExitCode);
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("pipe")]
    public void A_message_of_several_values_comes_from_the_child(string program)
    {
        using Tour tour = new(program);
        Assert.Equal("[42, null, hello]", tour.ReadLine());
        Assert.Null(tour.ReadLine());
        Assert.Equal(0, tour.ExitCode);
    }

    /// <summary>One program of the tour, running; without core dumps, which are large.</summary>
    private sealed class Tour : IDisposable
    {
        private readonly Process _process;
        private readonly StreamReader _output;

        internal Tour(params string[] arguments)
        {
            // Built beside these tests, see the project file: the same configuration and framework.
            string path = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory.Replace("tests/Multiprocessing.Tests", "samples/Tour", StringComparison.Ordinal), "Tour"));
            _process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "ulimit -c 0; exec \"$0\" \"$@\"", path, .. arguments]) { RedirectStandardOutput = true })!;
            _output = _process.StandardOutput;
        }

        internal string LastLine { get; private set; } = "";

        internal int ExitCode
        {
            get
            {
                _process.WaitForExit();
                return _process.ExitCode;
            }
        }

        internal string? ReadLine() => _output.ReadLine();

        /// <returns>The number behind a text in the next line, which ends with another one.</returns>
        internal int ReadNumber(string before, string after = "")
        {
            LastLine = ReadLine() ?? "";
            int start = LastLine.IndexOf(before, StringComparison.Ordinal);
            Assert.True(start >= 0 && LastLine.EndsWith(after, StringComparison.Ordinal), LastLine);
            return int.Parse(string.Concat(LastLine[(start + before.Length)..].TakeWhile(char.IsAsciiDigit)));
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill(); // its children with it
            }

            _process.WaitForExit();
            _output.Dispose();
            _process.Dispose();
        }
    }
}
