using System.Collections.Concurrent;
using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Copies what a child writes to one of its standard streams to the same stream of this process, and keeps the last lines.</summary>
/// <remarks>
/// The child writes into a pipe. It is copied until its last writer is gone, be that a process that the child left behind: to cut it would kill that by
/// SIGPIPE. At the child's end all that the child wrote is in the pipe; it is read at once, whoever notices the end first, since its last lines
/// are wanted, and the thread of the tees may be waiting in a write.
/// </remarks>
internal sealed class Tee
{
    // A write to a pipe that is not longer (PIPE_BUF) is not mixed with another's.
    private const int WholeWrite = 4096;

    /// <summary>Those whose child has ended and wrote something that is not on our stream yet; and how long the end of this process waits for it.</summary>
    private static readonly ConcurrentDictionary<Tee, TimeSpan> s_unwritten = new();

    private readonly Lock _gate = new();
    private readonly LastLines _lines = new();
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TeeThread _thread;
    private readonly SafeDescriptorHandle _source;
    private readonly ReadinessWatcher.Registration _watch;
    private SafeDescriptorHandle? _destination;
    private byte[] _rest = [];
    private bool _childHasEnded;
    private bool _isAtEnd;

    /// <param name="number">1 for standard output, 2 for standard error.</param>
    /// <param name="source">The reading end of the child's pipe, whose writing end is still open.</param>
    /// <param name="destination">Our stream; null: there is none.</param>
    internal Tee(int number, SafeDescriptorHandle source, SafeDescriptorHandle? destination)
    {
        _source = source;
        _destination = destination;
        _thread = TeeThread.Of(number);
        Os.SetStatusFlags(source, StatusFlags.NonBlocking); // of our end only
        _watch = _thread.Watch(source, Turn);
    }

    /// <summary>The last lines that were written, up to the child's end.</summary>
    internal string LastLines
    {
        get
        {
            lock (_gate)
            {
                return _lines.ToString();
            }
        }
    }

    /// <summary>Waits until all that ended children wrote is on our streams.</summary>
    internal static void WaitForAll()
    {
        long start = Stopwatch.GetTimestamp();
        foreach ((Tee tee, TimeSpan patience) in s_unwritten)
        {
            TimeSpan left = patience - Stopwatch.GetElapsedTime(start);
            tee._written.Task.Wait(patience == Timeout.InfiniteTimeSpan ? patience : left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    /// <summary>The child has ended: reads what it has left in the pipe. It does not wait. Called once.</summary>
    /// <param name="patience">How long the end of this process waits for our stream to take it.</param>
    /// <returns>Ends when all that the child wrote is on our stream.</returns>
    internal Task EndOfChild(TimeSpan patience)
    {
        s_unwritten[this] = patience;
        lock (_gate)
        {
            if (!_isAtEnd)
            {
                ReadRest();
            }

            _childHasEnded = true;
        }

        _thread.Post(Turn);
        return _written.Task;
    }

    /// <summary>Copies once what there is. On the thread of the tees only, and so one after the other.</summary>
    private void Turn()
    {
        ReadOnlySpan<byte> bytes;
        bool isAtEnd;
        bool childHasEnded;
        lock (_gate)
        {
            bytes = _rest.Length > 0 ? _rest : _thread.Buffer.AsSpan(0, Math.Max(0, Read(_thread.Buffer)));
            _rest = [];
            isAtEnd = _isAtEnd;
            childHasEnded = _childHasEnded;
        }

        Write(bytes);
        if (isAtEnd)
        {
            _watch.Dispose();
            _source.Dispose();
            _destination?.Dispose();
        }

        if (childHasEnded)
        {
            s_unwritten.TryRemove(this, out _);
            _written.TrySetResult();
        }
    }

    /// <summary>A process that the child left behind may write on and on, so no more is read than the pipe can hold. The gate is held.</summary>
    private void ReadRest()
    {
        byte[] rest = new byte[Os.Fcntl(_source, FcntlCommand.GetPipeSize)];
        int length = 0;
        while (length < rest.Length && Read(rest.AsSpan(length)) is > 0 and var count)
        {
            length += count;
        }

        _rest = rest[..length];
    }

    /// <returns>0 at the end; -1 when there is nothing now. The gate is held.</returns>
    private int Read(Span<byte> buffer)
    {
        if (_isAtEnd)
        {
            return 0;
        }

        try
        {
            int count = Os.Read(_source, buffer);
            _isAtEnd = count == 0;
            if (!_childHasEnded)
            {
                _lines.Append(buffer[..count]);
            }

            return count;
        }
        catch (PosixException exception) when (exception.Errno == Errno.EAGAIN)
        {
            return -1;
        }
    }

    /// <summary>As if the child had inherited the stream: lines stay whole, and what cannot be written is lost.</summary>
    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && _destination is { } destination)
        {
            try
            {
                bytes = bytes[Os.Write(destination, bytes[..WholeLines(bytes)])..];
            }
            catch (PosixException exception) when (exception.Errno == Errno.EAGAIN)
            {
                Os.Poll(destination, PollEvents.Writable); // somebody has made our stream a non-blocking one
            }
            catch (PosixException)
            {
                return; // nobody reads it, the disk is full, …
            }
        }
    }

    /// <summary>How much to write at once so that no line is cut, where that is possible.</summary>
    private static int WholeLines(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= WholeWrite)
        {
            return bytes.Length;
        }

        int lastBreak = bytes[..WholeWrite].LastIndexOf((byte)'\n');
        return lastBreak < 0 ? WholeWrite : lastBreak + 1;
    }
}
