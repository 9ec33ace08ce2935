using System.CommandLine;
using Multiprocessing.Posix;
using Multiprocessing.Soak;

if (args is ["forks" or "queue", ..])
{
    Os.RestartForkable();
}

Argument<int> count = new("count") { Description = "How many times." };
Option<int> seed = new("--seed") { Description = "Where the random numbers start; printed, so that a run can be repeated.", DefaultValueFactory = _ => Environment.TickCount };

Command forks = new("forks", "Forks this process again and again; each child does something else of a .NET process's work and ends with a code of its own.") { count, seed };
forks.SetAction(result => Forks.Run(result.GetValue(count), result.GetValue(seed)));

Command waits = new("waits", "Children that end at any instant, taken by Os.Wait, Join and IsAlive at once: every exit code is right everywhere.") { count, seed };
waits.SetAction(result => Waits.Run(result.GetValue(count), result.GetValue(seed)));

Command signals = new("signals", "Handlers that come and go while their signal is sent and the collector works.") { count, seed };
signals.SetAction(result => Signals.Run(result.GetValue(count), result.GetValue(seed)));

Command lives = new("lives", "Children with options drawn by lot, from several threads, ended at any instant in every way that there is.") { count, seed };
lives.SetAction(result => Lives.Run(result.GetValue(count), result.GetValue(seed)));

Command messages = new("messages", "Messages of many types with bytes changed by lot, read as from a trusted and from an untrusted peer: a value, or an InvalidDataException.") { count, seed };
messages.SetAction(result => Messages.Run(result.GetValue(count), result.GetValue(seed)));

Command connections = new("connections", "Senders and receivers that share the two ends of a pipe and are killed at any instant: only whole messages arrive, in order, and nothing is left.") { count, seed };
connections.SetAction(result => Connections.Run(result.GetValue(count), result.GetValue(seed)));

Command queue = new("queue", "Producers and consumers of a queue, killed at random instants: every item is accounted for, nobody sleeps for ever.") { count, seed };
queue.SetAction(result => Queues.Run(result.GetValue(count), result.GetValue(seed)));

return new RootCommand("Long runs of the parts that must not fail once in a million times.") { forks, waits, signals, lives, messages, connections, queue }.Parse(args).Invoke();
