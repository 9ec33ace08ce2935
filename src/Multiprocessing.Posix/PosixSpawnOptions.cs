namespace Multiprocessing.Posix;

/// <summary>What the new program of posix_spawn(3) starts with.</summary>
public sealed record PosixSpawnOptions
{
    /// <summary>The process group to join; 0: one of its own; null: the caller's.</summary>
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
}
