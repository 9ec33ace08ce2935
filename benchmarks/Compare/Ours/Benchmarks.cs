namespace Compare;

/// <summary>All metrics, in the order of the table.</summary>
internal static class Benchmarks
{
    internal static readonly IReadOnlyList<Benchmark> All =
    [
        new("process_start_join_spawn", Unit.Milliseconds, Processes.StartAndJoin, Python: "process_start_join_spawn", C: "posix_spawn_true"),
        new("process_first_result_spawn", Unit.Milliseconds, Processes.FirstResult, Python: "process_first_result_spawn", C: "posix_spawn_true"),
        new("dotnet_empty", Unit.Milliseconds, Processes.RunEmptyProgram, C: "posix_spawn_true"),

        new("pipe_rtt", Unit.Microseconds, effort => RoundTrips.Numbers(effort, Place.Any), Python: "pipe_rtt", C: "pipe_rtt"),
        new("pipe_rtt_1cpu", Unit.Microseconds, effort => RoundTrips.Numbers(effort, Place.OneProcessor), Python: "pipe_rtt_1cpu", C: "pipe_rtt_1cpu"),
        new("pipe_rtt_2cpu", Unit.Microseconds, effort => RoundTrips.Numbers(effort, Place.TwoProcessors), Python: "pipe_rtt_2cpu", C: "pipe_rtt_2cpu"),
        new("pipe_bytes_rtt", Unit.Microseconds, effort => RoundTrips.Bytes(effort, Place.Any), Python: "pipe_bytes_rtt", C: "pipe_rtt"),
        new("pipe_bytes_rtt_1cpu", Unit.Microseconds, effort => RoundTrips.Bytes(effort, Place.OneProcessor), Python: "pipe_bytes_rtt_1cpu", C: "pipe_rtt_1cpu"),
        new("pipe_bytes_rtt_2cpu", Unit.Microseconds, effort => RoundTrips.Bytes(effort, Place.TwoProcessors), Python: "pipe_bytes_rtt_2cpu", C: "pipe_rtt_2cpu"),
        new("spin_shm_rtt", Unit.Nanoseconds, RoundTrips.Spinning, C: "spin_shm_rtt"),
        new("unix_seqpacket_rtt_1cpu", Unit.Microseconds, Ours: null, C: "unix_seqpacket_rtt_1cpu"),
        new("unix_seqpacket_rtt_2cpu", Unit.Microseconds, Ours: null, C: "unix_seqpacket_rtt_2cpu"),
        new("futex_rtt_1cpu", Unit.Microseconds, Ours: null, C: "futex_rtt_1cpu"),
        new("futex_rtt_2cpu", Unit.Microseconds, Ours: null, C: "futex_rtt_2cpu"),

        new("pipe_bulk", Unit.GibibytesPerSecond, effort => Bulk.Arrays(effort, row: 1), Python: "pipe_bulk", C: "pipe_bulk"),
        new("pipe_duplex_bulk", Unit.GibibytesPerSecond, effort => Bulk.Arrays(effort, row: 1, duplex: true), Python: "pipe_duplex_bulk", C: "unix_stream_bulk"),
        new("pipe_bulk_x20", Unit.GibibytesPerSecond, Bulk.Views, Python: "pipe_bulk_x20", C: "shm_one_copy"),
        new("pipe_bulk_x20_array", Unit.GibibytesPerSecond, effort => Bulk.Arrays(effort, row: 20), Python: "pipe_bulk_x20", C: "shm_two_copies"),
        new("pipe_bulk_bytes_x20", Unit.GibibytesPerSecond, Bulk.Bytes, Python: "pipe_bulk_bytes_x20", C: "shm_two_copies"),

        Queue(1, 1, Python: "queue_1p1c", C: "ring_1p1c"),
        Queue(2, 1, Python: "queue_2p1c", C: "ring_2p1c_mpsc"),
        new("ring_2p1c_two_spsc", Unit.MillionMessagesPerSecond, Ours: null, C: "ring_2p1c_two_spsc"),
        Queue(4, 1, Python: "queue_4p1c"),
        Queue(8, 1, Python: "queue_8p1c"),
        Queue(1, 4),
        Queue(2, 4),
        Queue(4, 4),
        Queue(8, 4),
        new("queue_records_1p1c", Unit.MillionMessagesPerSecond, Queues.OfRecords, Python: "queue_records_1p1c"),

        // Python's queue without a feeder thread; the same one of ours.
        new("simplequeue_1p1c", Unit.MillionMessagesPerSecond, effort => Queues.OfNumbers(effort, 1, 1), Python: "simplequeue_1p1c", C: "ring_1p1c"),
        new("simplequeue_2p1c", Unit.MillionMessagesPerSecond, effort => Queues.OfNumbers(effort, 2, 1), Python: "simplequeue_2p1c", C: "ring_2p1c_mpsc"),
        new("idle_waiters_100_cpu", Unit.Percent, IdleWaiters.Measure),
    ];

    /// <returns>Those whose names begin with one of the prefixes, or all; and those that their goals compare with.</returns>
    /// <exception cref="InvalidOperationException">A goal is for, or compares with, something that is not measured.</exception>
    internal static IReadOnlyList<Benchmark> Select(IReadOnlyCollection<string> prefixes)
    {
        string[] unknown = [.. Goals.All.SelectMany(goal => goal.Other is null ? [goal.Metric] : new[] { goal.Metric, goal.Other }).Except(All.Select(benchmark => benchmark.Name), StringComparer.Ordinal)];
        if (unknown.Length > 0)
        {
            throw new InvalidOperationException($"There are goals, but no benchmarks: {string.Join(", ", unknown)}.");
        }

        HashSet<string> names = [.. All.Select(benchmark => benchmark.Name).Where(name => prefixes.Count == 0 || prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))];
        names.UnionWith([.. Goals.All.Where(goal => names.Contains(goal.Metric) && goal.Other is not null).Select(goal => goal.Other!)]);
        return [.. All.Where(benchmark => names.Contains(benchmark.Name))];
    }

    private static Benchmark Queue(int producers, int consumers, string? Python = null, string? C = null) =>
        new($"queue_{producers}p{consumers}c", Unit.MillionMessagesPerSecond, effort => Queues.OfNumbers(effort, producers, consumers), Python, C);
}
