namespace Multiprocessing;

/// <summary>The two sides of a new connection could not prove to each other who they are: another key, no key on one side, another user, or something that is no listener of this library.</summary>
/// <param name="message">What failed, and what to do.</param>
public sealed class ConnectionAuthenticationException(string message) : MultiprocessingException(message);
