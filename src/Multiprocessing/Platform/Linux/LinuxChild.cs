using System.IO.Pipes;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A child on Linux: a pidfd for its end, a socket for its words, a pipe whose closing kills it.</summary>
/// <remarks>
/// What is left when this process is killed between any two steps of a start: before posix_spawn only descriptors, which the kernel
/// closes; after it a child whose lifeline is closed with them, so that it ends as soon as it looks (see <see cref="Lifeline"/>).
/// </remarks>
internal sealed class LinuxChild : RunningChild
{
    private const int EAGAIN = 11;
    private const int ESRCH = 3;
    private const int ECONNRESET = 104;
    private const int WriteOnly = 1;

    private readonly SafeDescriptorHandle _process;
    private readonly SafeDescriptorHandle _channel;
    private readonly SafeDescriptorHandle? _lifeline;
    private ReadinessWatcher.Registration? _listening;
    private ReadinessWatcher.Registration? _awaitingEnd;

    private LinuxChild(int pid, SafeDescriptorHandle process, SafeDescriptorHandle channel, SafeDescriptorHandle? lifeline, StandardPipes pipes)
    {
        Pid = pid;
        _process = process;
        _channel = channel;
        _lifeline = lifeline;
        StandardInput = Wrap(pipes.Input, PipeDirection.Out);
        StandardOutput = Wrap(pipes.Output, PipeDirection.In);
        StandardError = Wrap(pipes.Error, PipeDirection.In);
    }

    internal override int Pid { get; }

    internal override SafeHandle Process => _process;

    internal override Stream? StandardInput { get; }

    internal override Stream? StandardOutput { get; }

    internal override Stream? StandardError { get; }

    internal override bool HasEnded => Os.Poll(_process, PollEvents.Readable, TimeSpan.Zero) != PollEvents.None;

    internal static bool AnyHasEnded()
    {
        try
        {
            return Os.WaitId(IdType.Any, 0, WaitIdOptions.Exited | WaitIdOptions.NoHang | WaitIdOptions.NoWait) is not null;
        }
        catch (NoChildProcessException)
        {
            return true; // others may have reaped ours: their objects have yet to learn it
        }
    }

    internal static new LinuxChild Start(ReadOnlySpan<byte> handOver, ChildProcessOptions options)
    {
        (SafeDescriptorHandle channel, SafeDescriptorHandle childsChannel) = Os.SocketPair();
        (SafeDescriptorHandle childsLifeline, SafeDescriptorHandle lifeline) = Os.Pipe2();
        StandardPipes pipes = default;
        SafeDescriptorHandle? largeHandOver = null;
        try
        {
            Dictionary<int, int> descriptors = new() { [HandOver.Channel] = childsChannel.Number };
            if (options.KillOnParentExit)
            {
                descriptors.Add(HandOver.Lifeline, childsLifeline.Number);
            }

            if (!HandOver.FitsChannel(handOver.Length))
            {
                largeHandOver = HandOver.ToMemory(handOver);
                descriptors.Add(HandOver.LargeMessage, largeHandOver.Number);
            }

            pipes = StandardPipes.Make(options);
            pipes.AddTo(descriptors);

            HostCommand command = HostCommand.OfThisProgram;
            string mark = HandOver.MarkOf(descriptors.Keys);
            int pid = Os.PosixSpawn(command.Path, command.Arguments, HandOver.Environment(mark), new PosixSpawnOptions { Descriptors = descriptors });
            SafeDescriptorHandle process = OpenOrEnd(pid);
            LinuxChild child = new(pid, process, channel, options.KillOnParentExit ? lifeline : null, pipes);
            if (largeHandOver is null)
            {
                child.TrySend(handOver);
            }

            return child;
        }
        catch
        {
            channel.Dispose();
            lifeline.Dispose();
            pipes.DisposeOurs();
            throw;
        }
        finally
        {
            childsChannel.Dispose();
            childsLifeline.Dispose();
            largeHandOver?.Dispose();
            pipes.DisposeChilds();
            if (!options.KillOnParentExit)
            {
                lifeline.Dispose();
            }
        }
    }

    internal override bool Wait(TimeSpan? timeout, bool listen)
    {
        Span<PollDescriptor> ends = [new(_process.Number, PollEvents.Readable), new(listen ? _channel.Number : -1, PollEvents.Readable)];
        bool processAdded = false;
        bool channelAdded = false;
        try
        {
            // Another thread may reap the child and close these meanwhile.
            _process.DangerousAddRef(ref processAdded);
            _channel.DangerousAddRef(ref channelAdded);
            return Os.Poll(ends, timeout) > 0;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
        finally
        {
            if (processAdded)
            {
                _process.DangerousRelease();
            }

            if (channelAdded)
            {
                _channel.DangerousRelease();
            }
        }
    }

    internal override int Receive(Span<byte> buffer)
    {
        try
        {
            return Os.Receive(_channel, buffer, MessageFlags.DontWait);
        }
        catch (PosixException exception) when (exception.Errno == EAGAIN)
        {
            return -1;
        }
        catch (PosixException exception) when (exception.Errno == ECONNRESET)
        {
            return 0; // it died with our words unread
        }
    }

    internal override (WaitStatus Status, ResourceUsage Usage)? Reap()
    {
        try
        {
            // By pidfd, not by number: if somebody else reaped this child, the number may be another's by now.
            WaitIdResult? result = Os.WaitId(IdType.PidFd, _process.Number, WaitIdOptions.Exited | WaitIdOptions.NoHang);
            return result is null ? null : (result.Status, result.Usage);
        }
        catch (NoChildProcessException)
        {
            return null;
        }
    }

    internal override void Send(Signal signal)
    {
        try
        {
            Os.PidFdSendSignal(_process, signal);
        }
        catch (PosixException exception) when (exception.Errno == ESRCH)
        {
            // It has ended; its status says how.
        }
    }

    internal override void Listen(Action callback) => _listening = ReadinessWatcher.Watch(_channel, callback);

    internal override void StopListening() => Interlocked.Exchange(ref _listening, null)?.Dispose();

    internal override void OnEnd(Action callback) => _awaitingEnd ??= ReadinessWatcher.Watch(_process, callback);

    internal override void Release(bool keepProcess)
    {
        StopListening();
        Interlocked.Exchange(ref _awaitingEnd, null)?.Dispose();
        _channel.Dispose();
        _lifeline?.Dispose();
        if (!keepProcess)
        {
            _process.Dispose();
        }
    }

    public override void Dispose()
    {
        Release(keepProcess: false);
        StandardInput?.Dispose();
        StandardOutput?.Dispose();
        StandardError?.Dispose();
    }

    /// <summary>Without a descriptor for it (too many are open) a child could not be looked after, so it is ended.</summary>
    private static SafeDescriptorHandle OpenOrEnd(int pid)
    {
        try
        {
            return Os.PidFdOpen(pid);
        }
        catch (PosixException)
        {
            Os.Kill(pid, Signal.Kill);
            Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited);
            throw;
        }
    }

    /// <summary>A short message always fits the socket's buffer, so this never waits for the child to read.</summary>
    private void TrySend(ReadOnlySpan<byte> message)
    {
        try
        {
            while (!message.IsEmpty)
            {
                message = message[Os.Send(_channel, message)..];
            }
        }
        catch (PosixException)
        {
            // The child ended before it began; its status says how.
        }
    }

    private static AnonymousPipeClientStream? Wrap(SafeDescriptorHandle? end, PipeDirection direction)
    {
        if (end is null)
        {
            return null;
        }

        int descriptor = end.Number;
        end.SetHandleAsInvalid();
        return new AnonymousPipeClientStream(direction, new SafePipeHandle(descriptor, ownsHandle: true));
    }

    /// <summary>The ends of the standard streams: ours, and those that the child gets.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct StandardPipes
    {
        private SafeDescriptorHandle?[]? _childs;

        internal SafeDescriptorHandle? Input { get; private set; }

        internal SafeDescriptorHandle? Output { get; private set; }

        internal SafeDescriptorHandle? Error { get; private set; }

        internal static StandardPipes Make(ChildProcessOptions options)
        {
            StandardPipes pipes = new() { _childs = new SafeDescriptorHandle?[3] };
            try
            {
                pipes.Input = Open(0, options.StandardInput is StandardStream.Default ? StandardStream.Null : options.StandardInput, pipes._childs);
                pipes.Output = Open(1, options.StandardOutput, pipes._childs);
                pipes.Error = Open(2, options.StandardError, pipes._childs);
                return pipes;
            }
            catch
            {
                pipes.DisposeOurs();
                pipes.DisposeChilds();
                throw;
            }
        }

        internal readonly void AddTo(Dictionary<int, int> descriptors)
        {
            for (int number = 0; number < _childs!.Length; number++)
            {
                if (_childs[number] is { } end)
                {
                    descriptors.Add(number, end.Number);
                }
            }
        }

        internal readonly void DisposeChilds()
        {
            foreach (SafeDescriptorHandle? end in _childs ?? [])
            {
                end?.Dispose();
            }
        }

        internal readonly void DisposeOurs()
        {
            Input?.Dispose();
            Output?.Dispose();
            Error?.Dispose();
        }

        /// <returns>Our end, for a pipe.</returns>
        private static SafeDescriptorHandle? Open(int number, StandardStream kind, SafeDescriptorHandle?[] childs)
        {
            switch (kind)
            {
                case StandardStream.Null:
                    childs[number] = Os.Open("/dev/null", number == 0 ? 0 : WriteOnly);
                    return null;
                case StandardStream.Pipe:
                    (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
                    (childs[number], SafeDescriptorHandle ours) = number == 0 ? (read, write) : (write, read);
                    return ours;
                default:
                    childs[number] = Borrow(number);
                    return null;
            }
        }

        /// <summary>Our own stream, or nothing where it is closed: the child's is closed then, too.</summary>
        private static SafeDescriptorHandle? Borrow(int number)
        {
            SafeDescriptorHandle ours = new(number, ownsHandle: false);
            try
            {
                Os.Fcntl(ours, FcntlCommand.GetDescriptorFlags);
                return ours;
            }
            catch (PosixException)
            {
                return null;
            }
        }
    }
}
