namespace Multiprocessing.Posix;

/// <summary>What the new program of posix_spawn(3) starts with.</summary>
/// <remarks>
/// Whatever order the properties are given in, the new process does this: signal defaults; scheduling; session; group; IDs;
/// <see cref="Descriptors"/>; <see cref="WorkingDirectory"/>; <see cref="FileActions"/> in their order; signal mask; then it executes the program, to
/// which a relative path is one from its new directory. If any of it fails, the spawn fails with that error and there is no new process.
/// </remarks>
public sealed record PosixSpawnOptions
{
    /// <summary>The process group to join; 0: one of its own; null: the caller's. The leader of a <see cref="NewSession"/> has one already: EPERM.</summary>
    public int? ProcessGroup { get; init; }

    /// <summary>Whether the program leads a session of its own. See setsid(2).</summary>
    public bool NewSession { get; init; }

    /// <summary>The working directory; null: the caller's.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The signals that are blocked from the first instruction; null: those of the calling thread.</summary>
    public IReadOnlyCollection<Signal>? SignalMask { get; init; }

    /// <summary>The signals that get their default action; null: none, so that ignored ones stay ignored.</summary>
    public IReadOnlyCollection<Signal>? SignalDefaults { get; init; }

    /// <summary>The new program's descriptors: its number to ours; all others are closed. Null: all that are not close-on-exec.</summary>
    public IReadOnlyDictionary<int, int>? Descriptors { get; init; }

    /// <summary>
    /// What else to do with descriptors and the directory, in order, once <see cref="Descriptors"/> are in place: numbers are the new program's.
    /// Null: nothing.
    /// </summary>
    public IReadOnlyList<SpawnFileAction>? FileActions { get; init; }

    /// <summary>POSIX_SPAWN_RESETIDS: the real user and group IDs become the effective ones. The program's set-user-ID bit comes after that.</summary>
    public bool ResetIds { get; init; }

    /// <summary>
    /// The scheduling policy: other, first-in-first-out or round-robin, the ones that POSIX has; null: the caller's. musl has no such thing: ENOSYS.
    /// </summary>
    public SchedulingPolicy? SchedulingPolicy { get; init; }

    /// <summary>The priority that goes with <see cref="SchedulingPolicy"/>, or with the caller's policy. Null: 0, or the caller's. musl: ENOSYS.</summary>
    public int? SchedulingPriority { get; init; }
}
