namespace Multiprocessing;

/// <summary>Something cannot cross the process boundary; the message names it and says what to do.</summary>
public sealed class NotSerializableException : MultiprocessingException
{
    internal NotSerializableException(in Subject subject, Type? type, Refusal refusal, Exception? inner = null)
        : base($"{subject.Begin(type)} cannot be sent to another process: {subject.End(refusal)}.", inner)
    {
        Subject = subject.ToString();
        SubjectType = type;
    }

    /// <summary>What it was, in words: "the variable 'stream' captured by the lambda at Program.cs:12".</summary>
    public string Subject { get; }

    /// <summary>Its type, where it has one.</summary>
    public Type? SubjectType { get; }
}
