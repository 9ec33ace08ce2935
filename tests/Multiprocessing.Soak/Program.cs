using System.CommandLine;
using Multiprocessing.Posix;
using Multiprocessing.Soak;

if (args is ["forks", ..])
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

return new RootCommand("Long runs of the parts that must not fail once in a million times.") { forks, waits, signals, lives }.Parse(args).Invoke();
