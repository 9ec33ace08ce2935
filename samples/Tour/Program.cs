using System.CommandLine;
using Multiprocessing.Posix;
using Tour;
using Tour.Programs;

if (args is ["fork"])
{
    Os.RestartForkable(); // first thing in Main: only a process that was started for it can be forked
}

// Each program of the tour is a command of its own; without one, those that need nobody's hand run in turn.
RootCommand root = new("The tour of Multiprocessing: one small program for each thing that processes can do.");
List<(string Name, Action Run)> tour = [];

Argument<int> number = new("n") { Description = "Which Fibonacci number to compute.", DefaultValueFactory = _ => Spinner.DefaultNumber };
Command spinner = new("spinner", "A child animates a spinner while this process computes, then is terminated.") { number };
spinner.SetAction(result => Spinner.Run(result.GetValue(number)));
root.Add(spinner);
tour.Add(("spinner", () => Spinner.Run(Spinner.DefaultNumber)));

Add("process", "A child's life: name, daemon, is-alive, exit codes, and a class derived from ChildProcess.", ProcessLife.Run);
Add("ids", "The IDs of a process, of its parent and of a child.", Ids.Run);
Add("states", "The states of a process, walked by a real child and read from the kernel.", States.Run);
Add("orphan", "What a child sees once its parent is gone.", Orphan.Run);
Add("environment", "The environment: text and bytes, native code, and a child's own copy.", EnvironmentVariables.Run);
Add("credentials", "Users and groups; as root, how a child drops them for good.", Credentials.Run);
Add("exec", "A process becomes another program.", Exec.Run);
Add("exit-codes", "0, 1, N and -N.", ExitCodes.Run);
Add("exit-handlers", "Handlers in reverse order; none on a signal or _Exit.", ExitHandlers.Run);
Add("queue", "A child puts a message into a queue; the parent gets it.", Queues.Run);
Add("pipe", "A child sends a message through a pipe; the parent receives it.", Pipes.Run);

Command fork = new("fork", "Two processes go on from one call, with the same addresses and different values.");
fork.SetAction(_ => Fork.Run());
root.Add(fork);
tour.Add(("fork", () => Again.Run("fork")));

Argument<int[]> seconds = new("seconds") { Description = "How long each child sleeps.", Arity = ArgumentArity.OneOrMore };
Command multiWait = new("multi-wait", "Children that sleep, and a parent that waits for all.") { seconds };
multiWait.SetAction(result => MultiWait.Run(result.GetValue(seconds)!));
root.Add(multiWait);
tour.Add(("multi-wait", () => MultiWait.Run([3, 1, 2])));

Argument<int?> status = new("status") { Description = "The child's exit status; without it, the child waits for signals.", Arity = ArgumentArity.ZeroOrOne };
Command childStatus = new("child-status", "Every change of a child, as waitpid reports it.") { status };
childStatus.SetAction(result => ChildStatus.Run(result.GetValue(status)));
root.Add(childStatus);
tour.Add(("child-status", () => ChildStatus.Run(9)));

root.SetAction(_ =>
{
    foreach ((string name, Action run) in tour)
    {
        Console.WriteLine($"== {name}");
        run();
        Console.WriteLine();
    }
});
return root.Parse(args).Invoke();

void Add(string name, string description, Action run)
{
    Command command = new(name, description);
    command.SetAction(_ => run());
    root.Add(command);
    tour.Add((name, run));
}
