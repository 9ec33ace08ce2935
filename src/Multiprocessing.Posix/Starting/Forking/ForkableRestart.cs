namespace Multiprocessing.Posix;

/// <summary>Executes the program again with the settings under which a CoreCLR process survives a fork.</summary>
internal static class ForkableRestart
{
    /// <summary>Set for the program that is executed again; it says what the variables below were before.</summary>
    private const string MarkName = "MULTIPROCESSING_FORKABLE";

    private const char Separator = '\u001F';

    private static readonly (string Name, string Value)[] s_settings =
    [
        ("DOTNET_EnableWriteXorExecute", "0"), // or the code heap is mapped twice and shared: parent and child would write into each other's code
        ("DOTNET_EnableDiagnostics", "0"), // three threads
        ("DOTNET_gcServer", "0"), // a thread for each processor
        ("DOTNET_gcConcurrent", "0"), // one thread
        ("DOTNET_TieredCompilation", "0"), // a thread that comes and goes, 100 ms after any new code
    ];

    /// <summary>Whether this process was started by <see cref="Run"/>.</summary>
    internal static bool IsRestarted { get; private set; }

    internal static void Run()
    {
        if (IsRestarted || !ForkReadiness.IsPossible(out _))
        {
            return;
        }

        if (ForkPermission.Refusal is { } refusal)
        {
            throw new InvalidOperationException(refusal);
        }

        if (Os.GetEnv(MarkName) is { } mark)
        {
            PutBack(mark);
            Prepare();
            IsRestarted = true;
            return;
        }

        List<string> before = [];
        Dictionary<string, string> environment = new(Os.Environ, StringComparer.Ordinal);
        foreach ((string name, string value) in s_settings)
        {
            before.Add(environment.TryGetValue(name, out string? old) ? $"={old}" : "");
            environment[name] = value;
        }

        environment[MarkName] = string.Join(Separator, before);
        ProcFile.TryRead("/proc/self/cmdline", out byte[] commandLine);
        List<string> args = [.. SurrogateEscape.Decode(commandLine.AsSpan(0, commandLine.Length - 1)).Split('\0')];
        Os.Execve(Environment.ProcessPath!, args, environment);
    }

    private static void PutBack(string mark)
    {
        string[] before = mark.Split(Separator);
        for (int i = 0; i < s_settings.Length; i++)
        {
            if (i < before.Length && before[i].Length > 0)
            {
                Os.PutEnv(s_settings[i].Name, before[i][1..]);
            }
            else
            {
                Os.UnsetEnv(s_settings[i].Name);
            }
        }

        Os.UnsetEnv(MarkName);
    }

    private static void Prepare()
    {
        RuntimePipes.Remember();
        FinalizerThread.Learn();
        Console.SetIn(new StreamReader(new DescriptorStream(0)));
        Console.SetOut(new StreamWriter(new DescriptorStream(1)) { AutoFlush = true });
        Console.SetError(new StreamWriter(new DescriptorStream(2)) { AutoFlush = true });
    }
}
