using System.Diagnostics;

namespace Multiprocessing;

// What an ended child wrote to a stream that is Tee, on its way to the stream of this process.
public partial class ChildProcess
{
    // Whoever kills a child is not to be held up by a reader of our streams. What is left is written when it reads on.
    private static readonly TimeSpan s_patienceWithKilled = TimeSpan.FromSeconds(1);

    private Task[] _written = [];

    /// <summary>The last lines of its standard error, for <see cref="ChildCrashedException"/>.</summary>
    private protected string LastErrorOutput => _child!.LastErrorOutput;

    /// <summary>The last lines of its standard output.</summary>
    private protected string LastOutput => _child!.LastOutput;

    private bool HasTee => _options.StandardOutput == StandardStream.Tee || _options.StandardError == StandardStream.Tee;

    /// <summary>How long to wait for the output of this child, which has ended.</summary>
    private TimeSpan PatienceWithOutput =>
        _exitStatus!.Signal is { } signal && (signal == Posix.Signal.Kill || signal == Posix.Signal.Term) ? s_patienceWithKilled : Timeout.InfiniteTimeSpan;

    /// <summary>Ends when the child has, and what it wrote is on this process's streams.</summary>
    /// <param name="ended">Ends when the child has.</param>
    private protected Task WithOutput(Task ended)
    {
        return HasTee ? Wait() : ended;

        async Task Wait()
        {
            await ended.ConfigureAwait(false);
            await Task.WhenAll(_written).WaitAsync(PatienceWithOutput).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The child has been reaped: what it wrote last is taken in. The gate is held.</summary>
    private void EndOutput() => _written = HasTee ? _child!.EndOutput(PatienceWithOutput) : [];

    /// <summary>The child has ended: waits until what it wrote is on this process's streams, or the time has run out.</summary>
    /// <param name="limit">Null: for ever.</param>
    /// <param name="start">When the time began to run.</param>
    private void WaitForOutput(TimeSpan? limit, long start)
    {
        TimeSpan patience = PatienceWithOutput;
        if (limit is { } time && time.TotalMilliseconds < int.MaxValue)
        {
            TimeSpan left = time - Stopwatch.GetElapsedTime(start);
            left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
            patience = patience == Timeout.InfiniteTimeSpan || left < patience ? left : patience;
        }

        Task.WaitAll(_written, patience); // not one task for all: to end it would take a thread of the pool, which may have none to spare
    }
}
