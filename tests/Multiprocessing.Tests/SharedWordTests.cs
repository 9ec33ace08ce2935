using System.Diagnostics;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

public sealed partial class SharedWordTests
{
    private const MemoryProtection ReadWrite = MemoryProtection.Read | MemoryProtection.Write;

    [Fact]
    public void A_sleeper_is_woken_by_another_process()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Os.Ftruncate(file, 8);
        using SafeMappedMemoryHandle memory = Os.Mmap(file, 8, ReadWrite, MapFlags.Shared);
        string path = $"/proc/{Os.GetPid()}/fd/{file.Number}";
        using ChildProcess child = ChildProcess.Start(() =>
        {
            using SafeDescriptorHandle theirs = Os.Open(path, (int)StatusFlags.ReadWrite);
            using SafeMappedMemoryHandle mapped = Os.Mmap(theirs, 8, ReadWrite, MapFlags.Shared);
            Answer(ref mapped.At<uint>(0), ref mapped.At<uint>(4));
        });
        ref uint question = ref memory.At<uint>(0);
        ref uint answer = ref memory.At<uint>(4);
        for (uint round = 1; round <= 100; round++)
        {
            Volatile.Write(ref question, round);
            Os.FutexWake(ref question, shared: true);
            SleepUntil(ref answer, round);
        }

        child.Join();
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public async Task A_wait_that_signals_interrupt_lasts_its_time()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            int signals = 0;
            using PosixSignalRegistration registration = PosixSignalRegistration.Create((PosixSignal)Signal.Usr1.Number, context =>
            {
                context.Cancel = true;
                Interlocked.Increment(ref signals);
            });
            _ = siginterrupt(Signal.Usr1.Number, 1); // no restart by the kernel: each one is an EINTR
            int sleeper = 0;
            FutexWaitResult? result = null;
            TimeSpan lasted = default;
            Thread thread = new(() =>
            {
                uint word = 7;
                long start = Stopwatch.GetTimestamp();
                Volatile.Write(ref sleeper, Os.GetTid());
                result = Os.FutexWait(ref word, 7, TimeSpan.FromMilliseconds(300));
                lasted = Stopwatch.GetElapsedTime(start);
            });
            thread.Start();
            while (Volatile.Read(ref sleeper) == 0)
            {
                Thread.Yield();
            }

            while (!thread.Join(TimeSpan.FromMilliseconds(5)))
            {
                _ = tgkill(Os.GetPid(), sleeper, Signal.Usr1.Number);
            }

            while (Volatile.Read(ref signals) == 0)
            {
                Thread.Yield();
            }

            return $"{result} {lasted.TotalMilliseconds >= 300} {lasted.TotalMilliseconds < 5_000}";
        });
        Assert.Equal("TimedOut True True", seen);
    }

    private static void Answer(ref uint question, ref uint answer)
    {
        for (uint round = 1; round <= 100; round++)
        {
            SleepUntil(ref question, round);
            Volatile.Write(ref answer, round);
            Os.FutexWake(ref answer, shared: true);
        }
    }

    private static void SleepUntil(ref uint word, uint value)
    {
        for (uint seen = Volatile.Read(ref word); seen != value; seen = Volatile.Read(ref word))
        {
            Assert.NotEqual(FutexWaitResult.TimedOut, Os.FutexWait(ref word, seen, TimeSpan.FromSeconds(20), shared: true));
        }
    }

    [LibraryImport("libc")]
    private static partial int siginterrupt(int signal, int flag);

    [LibraryImport("libc")]
    private static partial int tgkill(int pid, int thread, int signal);
}
