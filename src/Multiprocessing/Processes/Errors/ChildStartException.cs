namespace Multiprocessing;

/// <summary>A child could not be given what its <see cref="ChildProcessOptions"/> ask for. None of its code has run, and no child is left.</summary>
public sealed class ChildStartException : ChildException
{
    internal ChildStartException(string processName, string? option, string reason, Exception? inner = null)
        : base($"The child '{processName}' could not be started: {(option is null ? "" : $"the option {option} failed: ")}{reason.TrimEnd('.')}.", pid: null, processName, inner) =>
        Option = option;

    /// <summary>The option that failed, such as "WorkingDirectory" or "Limits[OpenFiles]"; null when the child ended before it could say.</summary>
    public string? Option { get; }
}
