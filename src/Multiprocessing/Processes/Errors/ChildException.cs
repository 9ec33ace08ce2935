namespace Multiprocessing;

/// <summary>The root of what goes wrong with a child.</summary>
public abstract class ChildException : MultiprocessingException
{
    private protected ChildException(string message, int? pid, string processName, Exception? inner)
        : base(message, inner)
    {
        Pid = pid;
        ProcessName = processName;
    }

    /// <summary>The child's process ID; null when it did not get that far.</summary>
    public int? Pid { get; }

    /// <summary>The child's name, such as "Process-1".</summary>
    public string ProcessName { get; }
}
