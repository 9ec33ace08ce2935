namespace Multiprocessing.Posix;

/// <summary>Which signals await a process and what it does with them. See signal(7).</summary>
/// <param name="Pending">Sent, but not delivered yet: to the process, or to its main thread.</param>
/// <param name="Blocked">Held back by its main thread's mask.</param>
/// <param name="Ignored">Thrown away.</param>
/// <param name="Caught">Handled by a function of the program.</param>
public sealed record SignalSets(IReadOnlySet<Signal> Pending, IReadOnlySet<Signal> Blocked, IReadOnlySet<Signal> Ignored, IReadOnlySet<Signal> Caught);
