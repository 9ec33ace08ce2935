using System.Diagnostics;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

/// <summary>Calls that a signal interrupts go on as if nothing had been.</summary>
public sealed class InterruptionTests
{
    private const int Times = 10;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Conformance(252)]
    public void A_wait_goes_on(bool restart)
    {
        int pid = WaitTests.Shell("exec sleep 100");
        (int, WaitStatus) ended = default;
        using InterruptedCall wait = new(() => ended = Os.Wait(), restart);
        wait.Interrupt(Times, "waitid");
        Assert.False(wait.HasReturned);
        Os.Kill(pid, Signal.Kill);
        wait.Join();
        Assert.Equal((pid, new WaitStatus(9)), ended);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Conformance(252)]
    public void A_read_and_a_receive_go_on_until_there_is_something(bool isSocket)
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = isSocket ? Os.SocketPair() : Os.Pipe2();
        using (read)
        using (write)
        {
            byte[] buffer = new byte[10];
            int count = 0;
            using InterruptedCall call = new(() => count = isSocket ? Os.Receive(read, buffer) : Os.Read(read, buffer));
            call.Interrupt(Times, isSocket ? "recvfrom" : "read");
            Assert.False(call.HasReturned);
            Os.Write(write, [1, 2]);
            call.Join();
            Assert.Equal((2, 1, 2), (count, buffer[0], buffer[1]));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Conformance(252)]
    public void A_write_and_a_send_go_on_until_there_is_room(bool isSocket)
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = isSocket ? Os.SocketPair() : Os.Pipe2();
        using (read)
        using (write)
        {
            byte[] buffer = new byte[4096];
            int before = Fill(write, buffer);
            int count = 0;
            using InterruptedCall call = new(() => count = isSocket ? Os.Send(write, [42]) : Os.Write(write, [42]));
            call.Interrupt(Times, isSocket ? "sendto" : "write");
            Assert.False(call.HasReturned);
            while (before > 0)
            {
                before -= Os.Read(read, buffer.AsSpan(0, Math.Min(before, buffer.Length)));
            }

            call.Join();
            Assert.Equal(1, count);
            Assert.Equal(1, Os.Read(read, buffer));
            Assert.Equal(42, buffer[0]);
        }

        static int Fill(SafeDescriptorHandle write, byte[] block)
        {
            int filled = 0;
            Os.SetStatusFlags(write, StatusFlags.NonBlocking);
            Assert.Equal(Errno.EAGAIN, WaitTests.ErrorOf(() =>
            {
                while (true)
                {
                    filled += Os.Write(write, block);
                }
            }));
            Os.SetStatusFlags(write, StatusFlags.None);
            return filled;
        }
    }

    [Theory]
    [InlineData("poll")]
    [InlineData("sigtimedwait")]
    [InlineData("futex")]
    [InlineData("sleep")]
    [Conformance(255)]
    public void What_lasts_a_time_lasts_all_of_it(string what)
    {
        TimeSpan time = TimeSpan.FromMilliseconds(250);
        TimeSpan lasted = default;
        bool timedOut = false;
        uint word = 0;
        using SafeDescriptorHandle counter = Os.EventFd();
        using InterruptedCall call = new(() =>
        {
            long start = Stopwatch.GetTimestamp();
            timedOut = what switch
            {
                "poll" => Os.Poll(counter, PollEvents.Readable, time) == PollEvents.None,
                "sigtimedwait" => Os.SigTimedWait([Signal.RealTime(4)], time) is null,
                "futex" => Os.FutexWait(ref word, 0, time) == FutexWaitResult.TimedOut,
                _ => Sleep(time),
            };
            lasted = Stopwatch.GetElapsedTime(start);
        });
        TimeSpan longest = TimeSpan.FromSeconds(5);
        int times = call.InterruptToTheEnd(longest); // a call that begins anew each time would last longer
        call.Join();
        Assert.True(timedOut);
        Assert.InRange(times, Times, int.MaxValue);
        Assert.InRange(lasted, time, longest);

        static bool Sleep(TimeSpan time)
        {
            Thread.Sleep(time);
            return true;
        }
    }
}
