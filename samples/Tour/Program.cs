using System.CommandLine;
using Tour.Programs;

// Each program of the tour is a command of its own; without one, all run in turn.
Argument<int> number = new("n") { Description = "Which Fibonacci number to compute.", DefaultValueFactory = _ => Spinner.DefaultNumber };
Command spinner = new("spinner", "A child animates a spinner while this process computes, then is terminated.") { number };
spinner.SetAction(result => Spinner.Run(result.GetValue(number)));

Command process = new("process", "A child's life: name, daemon, is-alive, exit codes, and a class derived from ChildProcess.");
process.SetAction(_ => ProcessLife.Run());

RootCommand root = new("The tour of Multiprocessing: one small program for each thing that processes can do.") { spinner, process };
root.SetAction(_ =>
{
    Console.WriteLine("== spinner");
    Spinner.Run(Spinner.DefaultNumber);
    Console.WriteLine();
    Console.WriteLine("== process");
    ProcessLife.Run();
});
return root.Parse(args).Invoke();
