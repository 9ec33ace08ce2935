namespace Multiprocessing;

/// <summary>The child's code threw. <see cref="Exception.InnerException"/> is the original where it can be rebuilt.</summary>
/// <remarks>
/// The original is rebuilt without a constructor: its message, its stack trace in the child, its inner exceptions, and those of its fields and data
/// that can cross; a field that cannot is empty. It is null where its type cannot be loaded here, or where it could not even be printed without what is missing.
/// </remarks>
public sealed class ChildFailedException : ChildException
{
    private readonly string _remoteText;

    internal ChildFailedException(int? pid, string processName, RemoteFailure failure)
        : base(
            $"The child '{processName}' (pid {pid}) failed with {failure.TypeName}: {failure.Message}",
            pid,
            processName,
            failure.Rebuild(pid, processName))
    {
        RemoteType = failure.TypeName;
        RemoteStackTrace = failure.StackTrace;
        _remoteText = failure.Text;
    }

    /// <summary>The full name of the exception's type in the child.</summary>
    public string RemoteType { get; }

    /// <summary>The stack trace in the child; empty when there was none.</summary>
    public string RemoteStackTrace { get; }

    /// <summary>The message; the exception as it describes itself in the child, with its stack trace and the exceptions within it; and this one's stack trace.</summary>
    /// <returns>The whole report.</returns>
    public override string ToString() => $"""
        {GetType()}: {Message}
           --- in the child ---
        {_remoteText}
           --- in this process ---
        {StackTrace}
        """;
}
