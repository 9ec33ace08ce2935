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
    private readonly WatchedChild _watched;
    private readonly SafeDescriptorHandle _process;
    private readonly SafeDescriptorHandle _channel;
    private readonly SafeDescriptorHandle? _lifeline;
    private readonly Tee? _teeOfOutput;
    private readonly Tee? _teeOfError;
    private ReadinessWatcher.Registration? _listening;
    private ReadinessWatcher.Registration? _awaitingEnd;
    private Alarm? _alarm;

    private LinuxChild(WatchedChild watched, SafeDescriptorHandle process, SafeDescriptorHandle channel, SafeDescriptorHandle? lifeline, StandardPipes pipes)
    {
        _watched = watched;
        _process = process;
        _channel = channel;
        _lifeline = lifeline;
        StandardInput = Wrap(pipes.Input, PipeDirection.Out);
        StandardOutput = Wrap(pipes.Output, PipeDirection.In);
        StandardError = Wrap(pipes.Error, PipeDirection.In);
        _teeOfOutput = pipes.TeeOfOutput;
        _teeOfError = pipes.TeeOfError;
    }

    internal override int Pid => _watched.Pid;

    internal override SafeHandle Process => _process;

    internal override Stream? StandardInput { get; }

    internal override Stream? StandardOutput { get; }

    internal override Stream? StandardError { get; }

    internal override string LastOutput => _teeOfOutput?.LastLines ?? "";

    internal override string LastErrorOutput => _teeOfError?.LastLines ?? "";

    internal override bool HasEnded => Os.Poll(_process, PollEvents.Readable, TimeSpan.Zero) != PollEvents.None;

    internal static bool AnyHasEnded()
    {
        try
        {
            return Os.AnyChildHasEnded();
        }
        catch (NoChildProcessException)
        {
            return true; // others may have reaped ours: their objects have yet to learn it
        }
    }

    internal static new LinuxChild Start(WireWriter handOver, ChildSettings settings, ChildProcessOptions options)
    {
        StandardPipes pipes = StandardPipes.Make(options); // before the others, which may get the number of a standard stream that is closed
        SafeDescriptorHandle? channel = null;
        SafeDescriptorHandle? childsChannel = null;
        SafeDescriptorHandle? lifeline = null;
        SafeDescriptorHandle? childsLifeline = null;
        SafeDescriptorHandle? largeHandOver = null;
        try
        {
            (channel, childsChannel) = Os.SocketPair();
            Os.SetPassCredentials(channel, pass: true);
            (childsLifeline, lifeline) = Os.Pipe2();
            Dictionary<int, int> descriptors = new() { [HandOver.Channel] = childsChannel.Number };
            if (options.KillOnParentExit)
            {
                descriptors.Add(HandOver.Lifeline, childsLifeline.Number);
            }

            if (!HandOver.FitsChannel(handOver.Length))
            {
                largeHandOver = HandOver.ToMemory(handOver.Written);
                descriptors.Add(HandOver.LargeMessage, largeHandOver.Number);
            }

            pipes.AddTo(descriptors);

            HostCommand command = HostCommand.OfThisProgram;
            string mark = HandOver.MarkOf(descriptors.Keys);
            (WatchedChild watched, SafeDescriptorHandle process) = Spawn(command, settings.WithMark(mark), descriptors);
            LinuxChild child = new(watched, process, channel, options.KillOnParentExit ? lifeline : null, pipes);
            child.Send(largeHandOver is null ? handOver.Written : [], handOver.Descriptors);
            return child;
        }
        catch
        {
            channel?.Dispose();
            lifeline?.Dispose();
            pipes.DisposeOurs();
            throw;
        }
        finally
        {
            childsChannel?.Dispose();
            childsLifeline?.Dispose();
            largeHandOver?.Dispose();
            pipes.DisposeChilds();
            if (!options.KillOnParentExit)
            {
                lifeline?.Dispose();
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

    internal override int Receive(Span<byte> buffer, List<SafeDescriptorHandle> descriptors, out bool isTrusted)
    {
        isTrusted = true;
        try
        {
            ReceivedMessage message = Os.RecvMsg(_channel, buffer, flags: MessageFlags.DontWait);
            isTrusted = message.Count == 0 || SenderTrust.Of(message.Credentials);
            descriptors.AddRange(message.Descriptors);
            return message.Count;
        }
        catch (PosixException exception) when (exception.Errno == Errno.EAGAIN)
        {
            return -1;
        }
        catch (PosixException exception) when (exception.Errno == Errno.ECONNRESET)
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
            return ReapedChildren.FindEnd(_watched) is { } taken ? (taken.Status, taken.Usage) : null; // by Os.Wait…, or by somebody who does not tell
        }
    }

    internal override void Send(Signal signal)
    {
        try
        {
            Os.PidFdSendSignal(_process, signal);
        }
        catch (PosixException exception) when (exception.Errno == Errno.ESRCH)
        {
            // It has ended; its status says how.
        }
    }

    /// <summary>The lifeline kills with the child's own rights. See <see cref="Lifeline"/>.</summary>
    internal override bool TryEnd(Signal signal)
    {
        try
        {
            Send(signal);
            return true;
        }
        catch (PosixException exception) when (exception.Errno == Errno.EPERM)
        {
            if (signal == Signal.Kill)
            {
                _lifeline?.Dispose();
                return _lifeline is not null;
            }

            return true; // SIGKILL will follow
        }
    }

    internal override void Listen(Action callback) => _listening = ReadinessWatcher.OfChildren.Watch(_channel, callback);

    internal override void StopListening() => Interlocked.Exchange(ref _listening, null)?.Dispose();

    internal override void OnEnd(Action callback) => _awaitingEnd ??= ReadinessWatcher.OfChildren.Watch(_process, callback);

    internal override Task[] EndOutput(TimeSpan patience) =>
        [_teeOfOutput?.EndOfChild(patience) ?? Task.CompletedTask, _teeOfError?.EndOfChild(patience) ?? Task.CompletedTask];

    internal override void After(TimeSpan time, Action callback) => Interlocked.Exchange(ref _alarm, new Alarm(time, callback))?.Dispose();

    internal override void Release(bool keepProcess)
    {
        StopListening();
        Interlocked.Exchange(ref _alarm, null)?.Dispose();
        Interlocked.Exchange(ref _awaitingEnd, null)?.Dispose();
        _channel.Dispose();
        _lifeline?.Dispose();
        ReapedChildren.Forget(_watched);
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
    private static (WatchedChild Child, SafeDescriptorHandle Process) Spawn(HostCommand command, Dictionary<string, string> environment, Dictionary<int, int> descriptors)
    {
        // Until the child has given it its default action, a SIGABRT waits: the runtime's handler would swallow it. See ChildMain.
        PosixSpawnOptions options = new() { Descriptors = descriptors, SignalMask = [.. Os.SignalMask(MaskChange.Block), Signal.Abrt] };
        SafeDescriptorHandle? process = null;
        PosixException? failure = null;
        WatchedChild child = ReapedChildren.Start(() =>
        {
            int pid = Os.PosixSpawn(command.Path, command.Arguments, environment, options);
            try
            {
                process = Os.PidFdOpen(pid); // before any wait can free the number
            }
            catch (PosixException exception)
            {
                failure = exception;
                Os.Kill(pid, Signal.Kill);
            }

            return pid;
        });
        if (process is not null)
        {
            return (child, process);
        }

        try
        {
            Os.WaitPid(child.Pid);
        }
        catch (NoChildProcessException)
        {
            // Another wait took it.
        }

        ReapedChildren.Forget(child);
        throw failure!;
    }

    /// <summary>A short message always fits the socket's buffer, so this never waits for the child to read.</summary>
    private void Send(ReadOnlySpan<byte> message, ReadOnlySpan<SafeDescriptorHandle> descriptors)
    {
        try
        {
            HandOver.Send(_channel, message);
            HandOver.SendBehind(_channel, descriptors);
        }
        catch (PosixException exception) when (exception.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // The child ended before it began; its status says how.
        }
        catch
        {
            EndUnstarted();
            throw;
        }
    }

    /// <summary>It waits for what could not be sent.</summary>
    private void EndUnstarted()
    {
        Send(Signal.Kill);
        Wait(timeout: null, listen: false);
        Reap();
        Release(keepProcess: false);
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
}
