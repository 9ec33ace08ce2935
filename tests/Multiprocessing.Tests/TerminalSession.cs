using System.Text;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>An interactive shell, with job control, on a pseudo-terminal of its own.</summary>
internal sealed class TerminalSession : IDisposable
{
    private const string Prompt = "next> ";
    private const int ReadAndWrite = 2;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly SafeDescriptorHandle _master;
    private readonly int _shell;

    internal TerminalSession(string shell)
    {
        (_master, SafeDescriptorHandle terminal) = Os.OpenPty();
        using (terminal)
        {
            string path = new FileInfo($"/proc/self/fd/{terminal.Number}").LinkTarget!;
            Dictionary<string, string> environment = new(Os.Environ, StringComparer.Ordinal)
            {
                ["PS1"] = Prompt,
                ["TERM"] = "dumb",
                ["HISTFILE"] = "",
                ["DOTNET_EnableDiagnostics"] = "0", // the runtime leaves its files for debuggers behind when a process ends by a signal
            };
            environment.Remove("ENV");
            string[] arguments = shell.EndsWith("bash", StringComparison.Ordinal) ? [shell, "--noprofile", "--norc", "--noediting", "-i"] : [shell, "-i"];
            _shell = Os.PosixSpawn(shell, arguments, environment, new PosixSpawnOptions
            {
                NewSession = true,
                SignalMask = [],
                SignalDefaults = [Signal.Int, Signal.Quit, Signal.Term, Signal.Hup, Signal.Pipe],
                Descriptors = new Dictionary<int, int> { [0] = terminal.Number, [1] = terminal.Number, [2] = terminal.Number },
                FileActions = [SpawnFileAction.Open(0, path, ReadAndWrite)], // the session's own terminal from now on
            });
        }

        ReadToPrompt();
    }

    /// <summary>As if on the keyboard.</summary>
    internal void Type(string text) => Os.Write(_master, Encoding.UTF8.GetBytes(text));

    internal string ReadToPrompt() => ReadUntil(text => text.EndsWith(Prompt, StringComparison.Ordinal));

    internal string ReadUntil(Func<string, bool> isThere)
    {
        List<byte> seen = [];
        byte[] one = new byte[1];
        while (!isThere(Text()))
        {
            Assert.True(Os.Poll(_master, PollEvents.Readable, s_patience) != PollEvents.None, $"Nothing more came on the terminal after: {Text()}");
            Assert.Equal(1, Os.Read(_master, one));
            seen.Add(one[0]);
        }

        return Text();

        string Text() => Encoding.UTF8.GetString([.. seen]);
    }

    /// <summary>Runs a command line to its end.</summary>
    /// <returns>What appeared on the terminal, without what was typed.</returns>
    internal string Run(string line)
    {
        Type($"{line}\n");
        return ReadToPrompt()[..^Prompt.Length].Replace($"{line}\r\n", "", StringComparison.Ordinal);
    }

    /// <summary>Closes the window.</summary>
    internal void HangUp() => _master.Dispose();

    public void Dispose()
    {
        Os.Kill(_shell, Signal.Kill);
        HangUp();
        Os.WaitPid(_shell);
    }
}
