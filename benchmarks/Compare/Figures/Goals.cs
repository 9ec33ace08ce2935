namespace Compare;

/// <summary>What this library is to reach, all of it: the one place to change a goal.</summary>
internal static class Goals
{
    internal static readonly IReadOnlyList<Goal> All =
    [
        new("process_start_join_spawn", 1.4, Reference.Metric, "dotnet_empty"),
        new("process_start_join_spawn", 0.7, Reference.Python),

        new("pipe_rtt_1cpu", 2, Reference.C),
        new("pipe_rtt_1cpu", 0.45, Reference.Python),
        new("pipe_rtt_2cpu", 1.1, Reference.BetterPeer),
        new("spin_shm_rtt", 200, Reference.Itself),

        new("pipe_bulk_x20", 0.65, Reference.C),
        new("pipe_bulk_x20_array", 0.85, Reference.C),
        new("pipe_bulk_bytes_x20", 0.85, Reference.C),

        new("queue_1p1c", 50, Reference.Itself),
        new("queue_2p1c", 40, Reference.Itself),
        new("queue_records_1p1c", 2, Reference.Itself),

        // Not below half of one producer's rate from 1 to 8, nor below half of one consumer's with 4.
        new("queue_2p1c", 0.5, Reference.Metric, "queue_1p1c"),
        new("queue_4p1c", 0.5, Reference.Metric, "queue_1p1c"),
        new("queue_8p1c", 0.5, Reference.Metric, "queue_1p1c"),
        new("queue_1p4c", 0.5, Reference.Metric, "queue_1p1c"),
        new("queue_2p4c", 0.5, Reference.Metric, "queue_2p1c"),
        new("queue_4p4c", 0.5, Reference.Metric, "queue_4p1c"),
        new("queue_8p4c", 0.5, Reference.Metric, "queue_8p1c"),

        new("idle_waiters_100_cpu", 0.1, Reference.Itself),
    ];
}
