using System.CommandLine;
using Compare;
using Multiprocessing.Posix;
using Spectre.Console;

Option<bool> quick = new("--quick") { Description = "Fewer repetitions and one round: under a minute. For a verdict, run it without." };
Option<string[]> only = new("--only") { Description = "Only metrics whose names begin so, and those that their goals compare with.", AllowMultipleArgumentsPerToken = true, HelpName = "NAME" };
Option<int?> rounds = new("--rounds") { Description = "How many times to go through all metrics; 3, or 1 with --quick." };
Option<int[]> cpus = new("--cpus") { Description = "Measure on these processors only, numbered from 0.", AllowMultipleArgumentsPerToken = true };
Option<string> python = new("--python") { Description = "The Python to measure beside, 3.11 or later; left out if it is missing.", DefaultValueFactory = _ => "python3" };
Option<bool> tsv = new("--tsv") { Description = "Print this library's figures alone: name, tab, value, tab, unit." };
Option<bool> markdown = new("--markdown") { Description = "Print the table in Markdown, with the machine and the date." };
RootCommand root = new("This library, Python and C, measured in turn in one run. Compare ratios: one machine's times are its own.") { quick, only, rounds, cpus, python, tsv, markdown };
root.SetAction(Run);
return root.Parse(args).Invoke();

int Run(ParseResult options)
{
    // First of all: threads and children inherit it from this thread.
    if (options.GetValue(cpus) is { Length: > 0 } processors)
    {
        Os.SetAffinity(0, processors);
    }

    IReadOnlyList<Benchmark> benchmarks = Benchmarks.Select(options.GetValue(only) ?? []);
    if (benchmarks.Count == 0)
    {
        Console.Error.WriteLine($"No metric's name begins so. There are: {string.Join(", ", Benchmarks.All.Select(benchmark => benchmark.Name))}");
        return 2;
    }

    Effort effort = new(options.GetValue(quick));
    bool oursAlone = options.GetValue(tsv);
    using PythonPeer? pythonPeer = oursAlone ? null : PythonPeer.TryFind(options.GetValue(python)!);
    using CPeer? cPeer = oursAlone ? null : CPeer.TryCompile();
    Measurement measurement = new(benchmarks, pythonPeer, cPeer, effort, options.GetValue(rounds) ?? effort.Pick(3, 1));

    // On standard error, and drawn between the measurements only: a thread that animates would take part in them.
    IAnsiConsole screen = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    screen.Progress().AutoRefresh(false).AutoClear(true).Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn()).Start(context =>
    {
        ProgressTask progress = context.AddTask("starting", maxValue: measurement.Steps);
        measurement.Run(name =>
        {
            progress.Description = name;
            context.Refresh();
            progress.Increment(1);
        });
    });

    if (oursAlone)
    {
        Output.TabSeparated(measurement.Rows);
    }
    else if (options.GetValue(markdown))
    {
        Output.Markdown(measurement.Rows, Machine.Describe(pythonPeer, cPeer));
    }
    else
    {
        Output.Table(measurement.Rows, Machine.Describe(pythonPeer, cPeer));
    }

    foreach (string failure in measurement.Failures)
    {
        Console.Error.WriteLine(failure);
    }

    return measurement.Failures.Count == 0 ? 0 : 1;
}
