namespace Multiprocessing;

/// <summary>A message is longer than its receiver allowed. All of it is here, and the connection can be used on.</summary>
/// <param name="bytes">The whole message.</param>
public sealed class BufferTooShortException(byte[] bytes)
    : MultiprocessingException($"The message has {bytes?.Length} bytes, more than there is room for; all of them are in {nameof(Bytes)}, and the connection can be used on.")
{
    /// <summary>The whole message.</summary>
    public byte[] Bytes => bytes;
}
