using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>Who handles which signal, and the thread that calls them.</summary>
/// <remarks>
/// The kernel calls <see cref="SignalTrampoline"/>, which writes to a pipe; the one thread here reads it and calls the handlers in the order
/// in which the signals came. Nothing here is ever taken down: a signal may be between the kernel and the pipe at any time. So removing a
/// handler means to put back what the signal did before, and whatever of it is still on its way finds nobody and is dropped. It can
/// not end the process, as it can when a PosixSignalRegistration is disposed.
/// </remarks>
internal static class SignalHandlers
{
    private const int BufferSize = 1 << 20; // 32,768 signals that wait for their handlers; a normal user may ask for that much
    private const int Park = 0; // in place of a signal's number

    private static readonly Lock s_gate = new();
    private static readonly Registration?[] s_newest = new Registration?[Signal.Last + 1];
    private static readonly bool[] s_installed = new bool[Signal.Last + 1]; // perhaps beneath a handler that came later
    private static readonly object s_handled = new();
    private static SafeDescriptorHandle? s_read;
    private static SafeDescriptorHandle? s_write;
    private static ParkingPlace? s_place;
    private static long s_count;

    /// <summary>The kernel's ID of the thread that calls the handlers; 0 when there is none.</summary>
    internal static int ThreadId { get; private set; }

    internal static IDisposable Add(Signal signal, Action<Signal> handler)
    {
        lock (s_gate)
        {
            SignalAction before = SignalAction.Of(signal);
            EnsureStarted();
            Registration registration = new(signal, handler, before) { Older = s_newest[signal.Number] };
            Volatile.Write(ref s_newest[signal.Number], registration); // first, so that no signal finds its handler missing
            try
            {
                if (before.Handler != SignalTrampoline.Address)
                {
                    Install(signal, before);
                }
            }
            catch
            {
                Volatile.Write(ref s_newest[signal.Number], registration.Older);
                throw;
            }

            return registration;
        }
    }

    /// <summary>Waits until a handler has been called and has returned.</summary>
    internal static void WaitForOne()
    {
        lock (s_handled)
        {
            long before = s_count;
            while (s_count == before)
            {
                Monitor.Wait(s_handled);
            }
        }
    }

    /// <summary>Before a fork: has the thread wait where its copy is in nobody's way, between two handlers.</summary>
    /// <exception cref="InvalidOperationException">It is busy with a handler that does not end.</exception>
    internal static void Hold()
    {
        if (s_write is null)
        {
            return;
        }

        s_place ??= new ParkingPlace();
        if (!s_place.Hold(AskToPark))
        {
            throw new InvalidOperationException("This process cannot be forked: a handler of a signal runs, and does not end.");
        }
    }

    internal static void LetGo() => s_place?.LetGo();

    /// <summary>In a forked child, while all signals are blocked: its signals reach nobody but itself.</summary>
    /// <remarks>
    /// libcoreclr's handlers of SIGINT, SIGQUIT and SIGTERM send the signal on to the process ID that they remember, the parent's. The handlers of faults stay: they are about
    /// this thread. So does the one by which the runtime stops its threads.
    /// </remarks>
    internal static void ResetInForkedChild()
    {
        for (int number = 1; number <= Signal.Last; number++)
        {
            Signal signal = new(number);
            if (Os.IsFault(signal) || number == Signal.FirstRealTime || (number >= Signal.FirstOfCLibrary && number < Signal.FirstRealTime))
            {
                continue;
            }

            SignalAction current = SignalAction.Of(signal);
            if (current.IsFunction && current.Handler != SignalTrampoline.Address)
            {
                default(SignalAction).Install(signal);
            }

            for (Registration? registration = s_newest[number]; registration is not null; registration = registration.Older)
            {
                registration.ForgetRuntimesHandler();
            }
        }

        if (s_read is null || s_write is null)
        {
            return;
        }

        for (int number = 1; number <= Signal.Last; number++)
        {
            SignalTrampoline.GoOnTo(new Signal(number), 0);
        }

        // Under the numbers that the code in place knows.
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = MakePipe();
        using (read)
        using (write)
        {
            Os.Dup3(read, s_read.Number);
            Os.Dup3(write, s_write.Number);
        }
    }

    /// <summary>In a forked child: starts the thread, which has not been copied.</summary>
    internal static void RestartInForkedChild()
    {
        if (s_read is not null)
        {
            s_place?.Vacate();
            StartThread();
        }
    }

    private static void Install(Signal signal, in SignalAction before)
    {
        // The runtime's own work on these must go on: it learns from them of its children, of being continued, and of the terminal's size.
        bool shared = before.IsFunction && (signal == Signal.Chld || signal == Signal.Cont || signal == Signal.Winch);
        if (shared && s_installed[signal.Number])
        {
            return; // it has come on top of ours, and calls ours when it has done its work
        }

        SignalTrampoline.GoOnTo(signal, shared ? before.Handler : 0);
        SignalAction action = new()
        {
            Handler = SignalTrampoline.Address,
            Mask = SignalSet.All,
            Flags = SignalAction.WithInfo | SignalAction.OnAlternateStack | SignalAction.RestartCalls,
        };
        action.Install(signal);
        s_installed[signal.Number] = true;
    }

    private static void EnsureStarted()
    {
        if (s_read is not null)
        {
            return;
        }

        (SafeDescriptorHandle read, SafeDescriptorHandle write) = MakePipe();
        try
        {
            SignalTrampoline.Prepare(write.Number);
        }
        catch
        {
            read.Dispose();
            write.Dispose();
            throw;
        }

        (s_read, s_write) = (read, write);
        StartThread();
    }

    private static (SafeDescriptorHandle Read, SafeDescriptorHandle Write) MakePipe()
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        Os.Fcntl(write, FcntlCommand.SetStatusFlags, (int)StatusFlags.NonBlocking);
        _ = Libc.fcntl(write, (int)FcntlCommand.SetPipeSize, BufferSize); // where it is refused the pipe stays as large as the system made it
        return (read, write);
    }

    private static void StartThread()
    {
        using ManualResetEventSlim started = new();
        new Thread(() => Run(started)) { IsBackground = true, Name = "Multiprocessing signals" }.Start();
        started.Wait();
    }

    private static void Run(ManualResetEventSlim started)
    {
        ThreadId = Os.GetTid();
        started.Set();
        Span<byte> records = stackalloc byte[64 * SignalTrampoline.RecordSize];
        while (true)
        {
            int count = Os.Read(s_read!, records); // whole records: a pipe keeps what is written at once together
            for (int at = 0; at < count; at += SignalTrampoline.RecordSize)
            {
                int number = MemoryMarshal.Read<int>(records[at..]);
                if (number == Park)
                {
                    s_place!.Park();
                }
                else
                {
                    Call(new Signal(number));
                }
            }
        }
    }

    private static void AskToPark()
    {
        Span<byte> record = stackalloc byte[SignalTrampoline.RecordSize];
        record.Clear();
        try
        {
            Os.Write(s_write!, record);
        }
        catch (PosixException full) when (full.Errno == Errno.EAGAIN)
        {
            // The pipe is full of signals; it is asked again.
        }
    }

    private static void Call(Signal signal)
    {
        if (Volatile.Read(ref s_newest[signal.Number]) is not { } registration)
        {
            GiveBack(signal);
            return;
        }

        registration.Handler(signal);
        lock (s_handled)
        {
            s_count++;
            Monitor.PulseAll(s_handled);
        }
    }

    /// <summary>
    /// Mostly the signal was on its way when its handler was removed, and is dropped. But if others have put ours in place again, who had come on top of it and then went, it would be
    /// swallowed for ever: then it gets its default action, and comes again.
    /// </summary>
    private static void GiveBack(Signal signal)
    {
        lock (s_gate)
        {
            if (s_newest[signal.Number] is null && SignalAction.Of(signal).Handler == SignalTrampoline.Address)
            {
                default(SignalAction).Install(signal);
                Os.Kill(Os.GetPid(), signal);
            }
        }
    }

    private static void Remove(Registration registration)
    {
        lock (s_gate)
        {
            Signal signal = registration.Signal;
            Registration? newer = null;
            Registration? found = s_newest[signal.Number];
            while (found is not null && found != registration)
            {
                newer = found;
                found = found.Older;
            }

            if (found is null)
            {
                return; // removed before
            }

            if (newer is not null)
            {
                newer.Older = registration.Older;
                if (newer.Before.Handler == SignalTrampoline.Address)
                {
                    newer.Before = registration.Before;
                }

                return;
            }

            if (SignalAction.Of(signal).Handler == SignalTrampoline.Address && registration.Before.Handler != SignalTrampoline.Address)
            {
                DropPending(signal);
                registration.Before.Install(signal);
                s_installed[signal.Number] = false;
            }

            Volatile.Write(ref s_newest[signal.Number], registration.Older);
        }
    }

    /// <summary>
    /// A signal may be pending for a thread that has not run since it was sent; it was sent to the handler, and must not meet the action from before. To ignore
    /// a signal drops what is pending of it. Those whose default is to do nothing do no harm, and SIGCHLD must never be ignored: children that end meanwhile would be lost.
    /// </summary>
    private static void DropPending(Signal signal)
    {
        if (signal != Signal.Chld && signal != Signal.Cont && signal != Signal.Winch && signal != Signal.Urg)
        {
            new SignalAction { Handler = SignalAction.Ignore }.Install(signal);
        }
    }

    /// <param name="before">What the signal did when the handler was set.</param>
    private sealed class Registration(Signal signal, Action<Signal> handler, SignalAction before) : IDisposable
    {
        internal Signal Signal => signal;

        internal Action<Signal> Handler => handler;

        internal SignalAction Before { get; set; } = before;

        internal Registration? Older { get; set; }

        /// <summary>In a forked child: a handler of the runtime's would act on the parent.</summary>
        internal void ForgetRuntimesHandler()
        {
            if (Before.IsFunction && Before.Handler != SignalTrampoline.Address)
            {
                Before = default;
            }
        }

        public void Dispose() => Remove(this);
    }
}
