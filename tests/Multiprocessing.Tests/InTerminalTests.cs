using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>A program with children, run by a shell in a terminal, to which somebody presses Ctrl-C, or which is closed.</summary>
public sealed partial class InTerminalTests
{
    private const string CtrlC = "\u0003";
    private const int WithAll = 7; // the first process, four of its children, a grandchild, a call

    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("/bin/bash", "quiet", WithAll)]
    [InlineData("/bin/bash", "await", WithAll)]
    [InlineData("/bin/bash", "join", WithAll)]
    [InlineData("/bin/bash", "read", WithAll)]
    [InlineData("/bin/bash", "leaving", WithAll - 1)]
    [InlineData("/bin/sh", "quiet", WithAll)]
    [InlineData("/bin/sh", "await", WithAll)]
    public void Ctrl_C_ends_the_program_and_all_its_children_without_a_word_as_it_ends_sleep(string shell, string how, int processes)
    {
        Assert.SkipUnless(File.Exists(shell), $"{shell} is not installed.");
        using TerminalSession terminal = new(shell);
        terminal.Type("sh -c 'echo up 0; exec sleep 1000'\n");
        terminal.ReadUntil(text => Announcement().Count(text) == 1);
        terminal.Type(CtrlC);
        string ofSleep = terminal.ReadToPrompt();
        Assert.Equal("130\r\n", terminal.Run("echo $?"));

        List<SafeDescriptorHandle> all = Start(terminal, how, processes);
        terminal.Type(CtrlC);
        Assert.Equal(how == "read" ? ofSleep.Replace("^C", "", StringComparison.Ordinal) : ofSleep, terminal.ReadToPrompt()); // .NET reads without the terminal's echo
        Assert.Equal("130\r\n", terminal.Run("echo $?"));
        AssertEnded(all);
        Assert.Equal("", terminal.Run(":")); // nothing came from those who ended last
    }

    [Theory]
    [InlineData("handler", 7)]
    [InlineData("handler-join", 8)]
    [InlineData("handler-in-child", 9)]
    public void A_program_that_handles_Ctrl_C_ends_in_order_with_its_own_code(string how, int code)
    {
        using TerminalSession terminal = new("/bin/sh");
        for (int round = 0; round < 5; round++)
        {
            List<SafeDescriptorHandle> all = Start(terminal, how, 2);
            terminal.Type(CtrlC);
            Assert.Equal("^Cexit handler\r\n", terminal.ReadToPrompt().Split("next> ")[0]);
            Assert.Equal($"{code}\r\n", terminal.Run("echo $?"));
            AssertEnded(all);
        }
    }

    [Fact]
    public void Ctrl_C_while_children_start_ends_them_all_without_a_word()
    {
        using TerminalSession terminal = new("/bin/sh");
        for (int round = 1; round <= 10; round++)
        {
            (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
            using (read)
            {
                using (write)
                {
                    // Every process of the program holds this pipe's end as its standard error, so the pipe's end is that of the last one.
                    terminal.Type($"{TestProgram.FilePath} in-terminal starting 2>/proc/{Environment.ProcessId}/fd/{write.Number}\n");
                    terminal.ReadUntil(text => text.Contains("first ", StringComparison.Ordinal) && text.Split("first ")[1].Count(c => c == '.') >= round);
                }

                terminal.Type(CtrlC);
                Assert.Equal("^C", terminal.ReadToPrompt().Replace(".", "", StringComparison.Ordinal).Replace("next> ", "", StringComparison.Ordinal).Trim());
                Assert.NotEqual(PollEvents.None, Os.Poll(read, PollEvents.Readable, s_soon));
                byte[] error = new byte[1000];
                Assert.Equal("", System.Text.Encoding.UTF8.GetString(error, 0, Os.Read(read, error)));
                Assert.Equal("130\r\n", terminal.Run("echo $?"));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(15)]
    public void A_signal_to_the_first_process_alone_ends_its_children_too(int signal)
    {
        using TerminalSession terminal = new("/bin/sh");
        List<SafeDescriptorHandle> all = Start(terminal, "join", WithAll, out int first);
        Os.Kill(first, new Signal(signal));
        terminal.ReadToPrompt();
        Assert.Equal($"{128 + signal}\r\n", terminal.Run("echo $?"));
        AssertEnded(all);
        Assert.Equal("", terminal.Run(":"));
    }

    [Fact]
    public void Closing_the_terminal_ends_them_all()
    {
        using TerminalSession terminal = new("/bin/sh");
        List<SafeDescriptorHandle> all = Start(terminal, "await", WithAll);
        terminal.HangUp();
        AssertEnded(all);
    }

    private static List<SafeDescriptorHandle> Start(TerminalSession terminal, string how, int processes) => Start(terminal, how, processes, out _);

    /// <returns>A pidfd of each process, once all are up.</returns>
    private static List<SafeDescriptorHandle> Start(TerminalSession terminal, string how, int processes, out int first)
    {
        terminal.Type($"{TestProgram.FilePath} in-terminal {how}\n");
        string text = terminal.ReadUntil(text => Announcement().Count(text) == processes);
        first = int.Parse(Announcement().Matches(text).Single(match => match.Value.StartsWith('f')).Groups[1].Value, CultureInfo.InvariantCulture);
        return [.. Announcement().Matches(text).Select(match => Os.PidFdOpen(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)))];
    }

    private static void AssertEnded(List<SafeDescriptorHandle> all)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (SafeDescriptorHandle process in all)
        {
            using (process)
            {
                Assert.NotEqual(PollEvents.None, Os.Poll(process, PollEvents.Readable, s_soon));
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{all.Count} ended after {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F1} ms");
    }

    [GeneratedRegex(@"(?:up|first) (\d+)\r?\n")]
    private static partial Regex Announcement();
}
