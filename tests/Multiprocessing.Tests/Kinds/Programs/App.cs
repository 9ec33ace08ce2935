using System.Collections;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime;
using System.Runtime.Loader;
using Multiprocessing;

// The one program of every kind of application: what it prints is the same in all of them.
Console.WriteLine("Main runs");
try
{
    switch (args)
    {
        case ["after-chdir"]:
            Environment.CurrentDirectory = "/";
            await Kinds.All();
            break;
        case ["delete", .. string[] files]:
            await Kinds.One(); // a single file could not even load the library any more
            Kinds.Delete(files);
            await Kinds.One();
            break;
        case ["replace", string from, string to]:
            await Kinds.One();
            File.Delete(to); // not overwritten: it is mapped into this process
            File.Copy(from, to);
            await Kinds.One();
            break;
        case ["context", string folder]:
            await Kinds.Contexts(folder);
            break;
        case ["switches"]:
            Console.WriteLine(Kinds.Switches());
            Console.WriteLine(await ChildProcess.RunAsync(Kinds.Switches));
            Console.WriteLine(await ChildProcess.RunAsync(static () => ChildProcess.RunAsync(Kinds.Switches)));
            break;
        case ["refusals"]:
            await Kinds.RefusalsAheadOfTime();
            break;
        case ["time"]:
            Kinds.Time();
            break;
        default:
            await Kinds.All();
            break;
    }

    return 0;
}
catch (Exception exception)
{
    Console.WriteLine($"{exception.GetType().Name}: {exception.Message}");
    return 3;
}

internal sealed record Order(int Number, string Text, Order? Next);

internal static class Kinds
{
    private static int s_number;

    internal static async Task All()
    {
        s_number = 1;
        int number = 20;
        string text = "größer";
        Answer answer = await ChildProcess.RunAsync(() => new Answer { Number = number + 22 + s_number, Text = text + text.Length });
        Console.WriteLine($"closure: {answer.Number} {answer.Text}");
        try
        {
            await ChildProcess.RunAsync(() => int.Parse(text));
        }
        catch (ChildFailedException failure) when (failure.InnerException is FormatException original)
        {
            Console.WriteLine($"exception: {original.Message}");
        }

        Console.WriteLine($"generations: {await ChildProcess.RunAsync(static async () => 1 + await ChildProcess.RunAsync(static () => 1))}");

        using ChildProcess child = new(ExitWith, args: [3, "ab", new[] { 1, 2 }]);
        child.Start();
        child.Join();
        Console.WriteLine($"exit code: {child.ExitCode}");

        string[] here = Variables();
        string[] there = await ChildProcess.RunAsync(Variables);
        Console.WriteLine($"environment: {string.Join(' ', here.Except(there).Select(v => "-" + v).Concat(there.Except(here).Select(v => "+" + v)))}");
        Console.WriteLine($"place: {(await ChildProcess.RunAsync(Place) == Place() ? "the same" : $"{await ChildProcess.RunAsync(Place)}, not {Place()}")}");
        Console.WriteLine($"collector: {await ChildProcess.RunAsync(Collector)}");
    }

    internal static async Task One() => Console.WriteLine(await ChildProcess.RunAsync(static () => 42));

    internal static void Delete(string[] files)
    {
        foreach (string file in files)
        {
            File.Delete(file);
        }
    }

    internal static string Switches() =>
        $"{AppContext.GetData("Kinds.Switch")}, invariant {AppContext.TryGetSwitch("System.Globalization.Invariant", out bool invariant) && invariant}, tiers {Environment.GetEnvironmentVariable("DOTNET_TieredCompilation")}, culture {CultureInfo.CurrentCulture.Name}";

    /// <summary>What code in another assembly load context can do: with the program's library, and with one of its own.</summary>
    internal static async Task Contexts(string folder)
    {
        Assembly plugin = new AssemblyLoadContext("plug-in").LoadFromAssemblyPath(Path.Combine(folder, "App.dll"));
        Console.WriteLine(plugin == Assembly.GetEntryAssembly());
        await (Task)plugin.GetType(nameof(Kinds))!.GetMethod(nameof(One), BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, null)!;

        AssemblyLoadContext closed = new("closed");
        Type library = closed.LoadFromAssemblyPath(Path.Combine(folder, "Multiprocessing.dll")).GetType(typeof(ChildProcess).FullName!)!;
        closed.LoadFromAssemblyPath(Path.Combine(folder, "Multiprocessing.Posix.dll"));
        MethodInfo run = library.GetMethod(nameof(ChildProcess.RunAsync), [typeof(Action), typeof(CancellationToken)])
            ?? library.GetMethods().First(m => m.Name == nameof(ChildProcess.RunAsync) && m.GetParameters()[0].ParameterType == typeof(Action));
        await (Task)run.Invoke(null, [(Action)(static () => { }), .. run.GetParameters().Skip(1).Select(static p => p.ParameterType == typeof(CancellationToken) ? CancellationToken.None : (object?)null)])!;
    }

    internal static async Task RefusalsAheadOfTime()
    {
        (int number, string text, List<int> list, Dictionary<string, Order> orders) = await ChildProcess.RunAsync(static () => (1, "x", new List<int> { 2, 3 }, new Dictionary<string, Order> { ["a"] = new(4, "y", null) }));
        Console.WriteLine($"{number} {text} {list[1]} {orders["a"]}");
        try
        {
            await ChildProcess.RunAsync(static () => new Queue<int>([1]));
        }
        catch (ChildFailedException failure)
        {
            Console.WriteLine(failure.InnerException?.Message ?? failure.Message);
        }

        using MemoryStream stream = new();
        int five = 5;
        Func<long> other = () => stream.Length;
        try
        {
            await ChildProcess.RunAsync(() => five);
        }
        catch (NotSerializableException refusal)
        {
            Console.WriteLine(refusal.Message);
        }

        GC.KeepAlive(other);
    }

    internal static void Time()
    {
        List<double> times = [];
        for (int i = 0; i < 40; i++)
        {
            long start = Stopwatch.GetTimestamp();
            using ChildProcess child = ChildProcess.Start(static () => { });
            child.Join();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        Console.WriteLine($"from start to joined: {times[0]:F2} ms at best, {times[times.Count / 2]:F2} ms in the middle");
    }

    private static void ExitWith(int first, string second, int[] third) => ProcessExit.Exit(first + second.Length + third.Length);

    private static string[] Variables() => [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(v => $"{v.Key}={v.Value}").Order()];

    private static string Place() => $"{Assembly.GetEntryAssembly()?.FullName} in {AppContext.BaseDirectory} for {AppContext.TargetFrameworkName}, {Environment.GetCommandLineArgs().Length} arguments";

    private static string Collector() => $"{(GCSettings.IsServerGC ? "server" : "workstation")}, {(GCSettings.LatencyMode == GCLatencyMode.Batch ? "not concurrent" : "concurrent")}";
}

internal sealed class Answer
{
    public int Number { get; set; }

    public string Text { get; set; } = "";
}
