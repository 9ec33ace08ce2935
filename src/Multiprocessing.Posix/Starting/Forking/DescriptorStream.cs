namespace Multiprocessing.Posix;

/// <summary>Reads and writes a descriptor by read(2) and write(2) alone: no thread, no signal handler, no offset of its own, so that parent and child of a fork can share it.</summary>
internal sealed class DescriptorStream(int number) : Stream
{
    private readonly SafeDescriptorHandle _descriptor = new(number, ownsHandle: false);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>As the console's own stream does, it takes a reader that has gone for the end of interest, and a descriptor that is not there for the null device.</summary>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            try
            {
                buffer = buffer[Os.Write(_descriptor, buffer)..];
            }
            catch (PosixException exception) when (exception.Errno is Errno.EPIPE or Errno.EBADF)
            {
                return; // there is nobody to tell
            }
            catch (PosixException exception) when (exception.Errno == Errno.EAGAIN)
            {
                Os.Poll(_descriptor, PollEvents.Writable);
            }
        }
    }

    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            try
            {
                return Os.Read(_descriptor, buffer);
            }
            catch (PosixException exception) when (exception.Errno == Errno.EBADF)
            {
                return 0;
            }
            catch (PosixException exception) when (exception.Errno == Errno.EAGAIN)
            {
                Os.Poll(_descriptor, PollEvents.Readable);
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
