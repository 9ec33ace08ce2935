namespace Multiprocessing;

/// <summary>The child's code threw. <see cref="Exception.InnerException"/> is the original where it can be rebuilt.</summary>
public sealed class ChildFailedException : ChildException
{
    internal ChildFailedException(int? pid, string processName, RemoteFailure failure)
        : base($"The child '{processName}' (pid {pid}) failed with {failure.TypeName}: {failure.Message}", pid, processName, failure.Rebuild())
    {
        RemoteType = failure.TypeName;
        RemoteStackTrace = failure.StackTrace;
    }

    /// <summary>The full name of the exception's type in the child.</summary>
    public string RemoteType { get; }

    /// <summary>The stack trace in the child; empty when there was none.</summary>
    public string RemoteStackTrace { get; }

    /// <summary>The message, the child's own stack trace, and this one's.</summary>
    /// <returns>The whole report.</returns>
    public override string ToString() => $"""
        {GetType()}: {Message}
           --- in the child ---
        {RemoteStackTrace}
           --- in this process ---
        {StackTrace}
        """;
}
