using System.Reflection;

namespace Multiprocessing.Tests;

/// <summary>Ends the whole run when one test hangs: one that is blocked in native code would wait for ever, whatever the runner thinks.</summary>
internal sealed class Watchdog : IDisposable
{
    private readonly Timer _timer;
    private readonly string _test;

    public Watchdog(MethodInfo test)
    {
        _test = $"{test.DeclaringType?.Name}.{test.Name}";
        TimeSpan limit = test.GetCustomAttribute<TimeLimitAttribute>()?.Limit ?? TimeLimitAttribute.Default;
        _timer = new Timer(_ => End(limit), null, limit, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    private void End(TimeSpan limit)
    {
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            Console.Error.WriteLine($"{Path.GetFileName(task)} {Read(task, "comm")} waits in {Read(task, "wchan")}, call {Read(task, "syscall")}");
        }

        Environment.FailFast($"{_test} took more than {limit.TotalSeconds} s.");
    }

    private static string Read(string task, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, file)).Trim();
        }
        catch (IOException)
        {
            return "?"; // the thread has ended meanwhile
        }
    }
}
