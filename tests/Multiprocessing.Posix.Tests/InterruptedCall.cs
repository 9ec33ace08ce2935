using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix.Tests;

/// <summary>A call on a thread of its own that is interrupted by signals. Disposing waits for its end.</summary>
internal sealed partial class InterruptedCall : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    private readonly IDisposable _handler;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _over = new();
    private int _handled;
    private int _number;
    private nint _handle;
    private bool _returned;
    private Exception? _failure;

    /// <param name="call">The call.</param>
    /// <param name="restart">Whether the system goes on with what it can, as with the library's handlers. Without, as native code might have it, the call itself comes back with EINTR.</param>
    internal InterruptedCall(Action call, bool restart = false)
    {
        _handler = Os.Handle(Signal.Usr1, _ => Interlocked.Increment(ref _handled));
        if (!restart)
        {
            SignalAction action = SignalAction.Of(Signal.Usr1);
            action.Flags &= ~SignalAction.RestartCalls;
            action.Install(Signal.Usr1);
        }

        _thread = new Thread(() =>
        {
            _handle = Libc.pthread_self();
            Volatile.Write(ref _number, Os.GetTid());
            try
            {
                call();
            }
            catch (Exception exception)
            {
                _failure = exception;
            }

            Volatile.Write(ref _returned, true);
            _over.Wait(); // a thread that has gone cannot be sent a signal
        });
        _thread.Start();
        WaitTests.Until(() => Volatile.Read(ref _number) != 0);
    }

    internal bool HasReturned => Volatile.Read(ref _returned);

    /// <summary>The numbers of some calls of the kernel, on this machine.</summary>
    internal static int NumberOf(string call) => (call, RuntimeInformation.ProcessArchitecture == Architecture.X64) switch
    {
        ("read", true) => 0,
        ("read", false) => 63,
        ("write", true) => 1,
        ("write", false) => 64,
        ("sendto", true) => 44,
        ("sendto", false) => 206,
        ("recvfrom", true) => 45,
        ("recvfrom", false) => 207,
        ("waitid", true) => 247,
        ("waitid", false) => 95,
        _ => throw new ArgumentException(call),
    };

    /// <summary>Interrupts the call, each time when it waits in the kernel.</summary>
    internal void Interrupt(int times, string systemCall)
    {
        string number = $"{NumberOf(systemCall)} ";
        for (int i = 0; i < times; i++)
        {
            WaitTests.Until(() => HasReturned || File.ReadAllText($"/proc/self/task/{_number}/syscall").StartsWith(number, StringComparison.Ordinal));
            Assert.False(HasReturned, $"It has come back. {_failure}");
            Send();
        }
    }

    /// <param name="time">For how long at most.</param>
    /// <returns>How often it was interrupted before it came back.</returns>
    internal int InterruptToTheEnd(TimeSpan time)
    {
        int sent = 0;
        for (long start = Stopwatch.GetTimestamp(); !HasReturned && Stopwatch.GetElapsedTime(start) < time; sent++)
        {
            Send();
        }

        return sent;
    }

    /// <summary>Waits until it has come back.</summary>
    internal void Join()
    {
        _over.Set();
        Assert.True(_thread.Join(s_deadline));
        Assert.Null(_failure);
    }

    public void Dispose()
    {
        _over.Set();
        _thread.Join(s_deadline);
        _handler.Dispose();
        _over.Dispose();
    }

    private void Send()
    {
        int before = Volatile.Read(ref _handled);
        Assert.Equal(0, pthread_kill(_handle, Signal.Usr1.Number));
        WaitTests.Until(() => Volatile.Read(ref _handled) == before + 1);
    }

    [LibraryImport("libc")]
    private static partial int pthread_kill(nint thread, int signal);
}
