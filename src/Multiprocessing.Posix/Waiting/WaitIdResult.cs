namespace Multiprocessing.Posix;

/// <summary>What waitid(2) reports of a child.</summary>
/// <param name="Pid">The child's process ID.</param>
/// <param name="Uid">The real user ID of the child.</param>
/// <param name="Status">What happened to the child, as wait(2) would report it.</param>
/// <param name="Usage">What the child has used.</param>
public sealed record WaitIdResult(int Pid, uint Uid, WaitStatus Status, ResourceUsage Usage);
