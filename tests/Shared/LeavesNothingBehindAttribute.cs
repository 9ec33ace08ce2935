using System.Diagnostics;
using System.Reflection;
using Xunit.v3;

// One test at a time: what is counted is the whole process's.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: Multiprocessing.Tests.LeavesNothingBehind]

namespace Multiprocessing.Tests;

/// <summary>Around each test: fails it when it leaves a child, a descriptor, shared memory or a temporary file, and ends the run when it hangs.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class LeavesNothingBehindAttribute : BeforeAfterTestAttribute
{
    // A folder of our own: in the common one anybody may put a file at any time.
    private static readonly string s_temporary = MakeTemporary();

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private LeftBehind? _before;
    private Watchdog? _watchdog;

    static LeavesNothingBehindAttribute() => WarmUp();

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        _watchdog = new Watchdog(methodUnderTest);
        _before = LeftBehind.Now(s_temporary);
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        _watchdog?.Dispose();
        string[] left = Left();

        // The runtime opens a pipe for as long as it takes to start one of its threads, whenever it likes.
        for (long start = Stopwatch.GetTimestamp(); left.Length > 0 && Stopwatch.GetElapsedTime(start) < s_patience; left = Left())
        {
            Thread.Yield();
        }

        Assert.True(left.Length == 0, $"The test leaves behind: {string.Join(", ", left)}");
    }

    private string[] Left() => [.. LeftBehind.Now(s_temporary).Since(_before!)];

    private static string MakeTemporary()
    {
        string path = Directory.CreateTempSubdirectory("multiprocessing-tests-").FullName;
        Environment.SetEnvironmentVariable("TMPDIR", path);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(path, recursive: true);
        return path;
    }

    /// <summary>What the runtime opens at its first use of processes and the console, and at the first exception (on arm64, a pipe to unwind with), and keeps.</summary>
    private static void WarmUp()
    {
        Assert.Throws<InvalidOperationException>((Action)(() => throw new InvalidOperationException()));
        using Process process = Process.Start(new ProcessStartInfo("/bin/true") { RedirectStandardOutput = true })!;
        using (process.StandardOutput)
        {
            process.StandardOutput.ReadToEnd();
        }

        process.WaitForExit();
        _ = Console.In;
        _ = Console.Error;
        WarmUpOf.Library();
    }
}
