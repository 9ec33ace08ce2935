using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

public sealed class CpuTimeTests
{
    private static readonly ChildProcessOptions s_piped = new() { StandardOutput = StandardStream.Pipe };

    private static SafeTimerHandle? s_limit;

    [Fact]
    public void A_busy_child_is_killed_after_a_fifth_of_a_second_of_its_own_time()
    {
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                s_limit = Os.TimerCreate(ClockId.ProcessCpuTime, Signal.Kill); // kept: a timer that is collected is deleted
                Os.TimerSetTime(s_limit, TimeSpan.FromMilliseconds(200));
                Console.WriteLine(Os.ClockGetTime(ClockId.ProcessCpuTime).Ticks);
                while (true)
                {
                    // busy, and deaf to everything but SIGKILL
                }
            },
            options: s_piped);
        using StreamReader reader = new(child.StandardOutput!);
        TimeSpan armed = new(long.Parse(reader.ReadLine()!));
        WaitIdResult end = Os.WaitId(IdType.Pid, child.Pid!.Value, WaitIdOptions.Exited | WaitIdOptions.NoWait)!;
        Assert.Equal(Signal.Kill, end.Status.TermSignal);

        // Read right after arming; and the kernel looks at CPU timers when its clock ticks, at least a hundred times a second.
        Assert.InRange((end.Usage.UserTime + end.Usage.SystemTime - armed).TotalMilliseconds, 190, 260);
        child.Join();
        Assert.Equal(-9, child.ExitCode);
    }

    [Fact]
    public async Task A_child_that_waits_uses_up_none_of_its_time()
    {
        bool alive = await ChildProcess.RunAsync(() =>
        {
            using SafeTimerHandle limit = Os.TimerCreate(ClockId.ProcessCpuTime, Signal.Kill);
            Os.TimerSetTime(limit, TimeSpan.FromSeconds(2));
            uint never = 0;
            Os.FutexWait(ref never, 0, TimeSpan.FromMilliseconds(100));
            return Os.TimerGetTime(limit).Remaining > TimeSpan.Zero;
        });
        Assert.True(alive);
    }
}
