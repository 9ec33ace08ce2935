namespace Multiprocessing;

/// <summary>For tests that stop, or kill, a process at a certain step of the protocol. Called only where the step is not on the fast path.</summary>
internal static class QueueSteps
{
    internal static Action<string>? Reached { get; set; }
}
