namespace Multiprocessing;

/// <summary>The root of all that this library throws on its own account.</summary>
/// <param name="message">What failed, and what to do.</param>
/// <param name="inner">The cause, or null.</param>
public abstract class MultiprocessingException(string message, Exception? inner = null) : Exception(message, inner);
