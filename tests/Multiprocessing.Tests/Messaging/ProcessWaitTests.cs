using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Waiting for several things, on a thread and without one.</summary>
public sealed class ProcessWaitTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    public static TheoryData<bool> Ways => [false, true];

    [Theory]
    [MemberData(nameof(Ways))]
    [Conformance(105)]
    public async Task All_that_are_ready_come_back_in_order_and_an_ended_peer_counts_as_ready(bool async)
    {
        (Connection Left, Connection Right)[] pipes = [.. Enumerable.Range(0, 5).Select(_ => Pipe.Create())];
        object[] lefts = [.. pipes.Select(pipe => pipe.Left)];
        pipes[3].Right.Send("message");
        pipes[1].Right.Dispose();
        Assert.Equal([lefts[1], lefts[3]], await Any(lefts, async));
        Assert.Equal([lefts[3], lefts[1], lefts[3]], await Any([lefts[3], lefts[0], lefts[1], lefts[3]], async));
        Assert.Equal("message", pipes[3].Left.Receive<string>());
        Assert.Equal([lefts[1]], await Any(lefts, async));
        Array.ForEach(pipes, pipe =>
        {
            pipe.Left.Dispose();
            pipe.Right.Dispose();
        });
    }

    [Theory]
    [MemberData(nameof(Ways))]
    [Conformance(105)]
    public async Task Messages_of_several_children_are_waited_for_until_all_are_gone(bool async)
    {
        List<object> readers = [];
        List<ChildProcess> children = [];
        for (int i = 0; i < 4; i++)
        {
            (Connection reader, Connection writer) = Pipe.Create(duplex: false);
            int number = i;
            children.Add(ChildProcess.Start(() =>
            {
                for (int j = 0; j < 10; j++)
                {
                    writer.Send((number, j));
                }
            }));
            writer.Dispose();
            readers.Add(reader);
        }

        List<(int Child, int Message)> messages = [];
        while (readers.Count > 0)
        {
            foreach (Connection reader in await Any([.. readers], async))
            {
                try
                {
                    messages.Add(reader.Receive<(int, int)>());
                }
                catch (EndOfStreamException)
                {
                    reader.Dispose();
                    readers.Remove(reader);
                }
            }
        }

        Assert.Equal(from child in Enumerable.Range(0, 4) from message in Enumerable.Range(0, 10) select (child, message), messages.Order());
        children.ForEach(child => child.Dispose());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    [Conformance(106)]
    public async Task Sockets_are_waited_for_beside_connections_listeners_children_and_descriptors(bool async)
    {
        using Socket listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listening.LocalEndPoint!);
        using Socket accepted = listening.Accept();
        (Connection left, Connection right) = Pipe.Create();
        using ConnectionListener listener = new();
        using SafeDescriptorHandle counter = Os.EventFd();
        using ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite));
        using (left)
        using (right)
        {
            object[] all = [accepted, left, listener, counter, child, child.Sentinel];
            Assert.Empty(ProcessWait.Any(all, TimeSpan.Zero));

            Task<IReadOnlyList<object>> waiting = Any(all, async);
            client.Send([1]);
            Assert.Equal([accepted], await waiting.WaitAsync(s_soon));
            accepted.Receive(new byte[10]);

            waiting = Any(all, async);
            right.Send(1);
            Assert.Equal([left], await waiting.WaitAsync(s_soon));
            left.Receive<int>();

            waiting = Any(all, async);
            using Connection connected = Connection.Connect(listener.Address);
            Assert.Equal([listener], await waiting.WaitAsync(s_soon));
            listener.Accept().Dispose();

            waiting = Any(all, async);
            Os.EventFdWrite(counter, 1);
            Assert.Equal([counter], await waiting.WaitAsync(s_soon));
            Os.EventFdRead(counter);

            waiting = Any(all, async);
            child.Kill();
            Assert.Equal([child, child.Sentinel], await waiting.WaitAsync(s_soon));
            child.Join();
            Assert.Equal([child], await Any([child, left], async).WaitAsync(s_soon));
        }
    }

    [Fact]
    [Conformance(107)]
    public void With_a_time_and_nothing_ready_nothing_comes_back_and_not_before_the_time()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            foreach (int milliseconds in (int[])[0, 1, 30, 300])
            {
                long start = Stopwatch.GetTimestamp();
                Assert.Empty(ProcessWait.Any([left, right], TimeSpan.FromMilliseconds(milliseconds)));
                Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(milliseconds), TimeSpan.FromMilliseconds(milliseconds + 2000));
            }

            Assert.Empty(ProcessWait.Any([], TimeSpan.FromMilliseconds(1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => ProcessWait.Any([left], TimeSpan.FromMilliseconds(-2)));
            right.Send(1);
            Assert.Equal([left], ProcessWait.Any([left], Timeout.InfiniteTimeSpan));
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_wait_that_is_cancelled_ends(bool async)
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        using (CancellationTokenSource cancelled = new())
        {
            Task<IReadOnlyList<object>> waiting = Any([left], async, cancelled.Token);
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(s_soon));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Any([left], async, cancelled.Token).WaitAsync(s_soon));
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task What_is_closed_meanwhile_counts_as_ready(bool async)
    {
        (Connection left, Connection right) = Pipe.Create();
        using (right)
        {
            Task<IReadOnlyList<object>> waiting = Any([left], async);
            await Blocked(async);
            left.Dispose();
            Assert.Equal([left], await waiting.WaitAsync(s_soon));
        }

        ConnectionListener listener = new();
        Task<IReadOnlyList<object>> forClient = Any([listener], async);
        await Blocked(async);
        listener.Dispose();
        Assert.Equal([listener], await forClient.WaitAsync(s_soon));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Any([left], async).WaitAsync(s_soon));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Any([listener], async).WaitAsync(s_soon));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_descriptor_that_is_disposed_meanwhile_stays_open_until_the_wait_is_over(bool async)
    {
        SafeDescriptorHandle counter = Os.EventFd();
        int number = counter.Number;
        using SafeDescriptorHandle end = Os.EventFd();
        Task<IReadOnlyList<object>> waiting = Any([counter, end], async);
        await Blocked(async);
        counter.Dispose();
        Assert.True(File.Exists($"/proc/self/fd/{number}"));
        Os.EventFdWrite(end, 1);
        Assert.Equal([end], await waiting.WaitAsync(s_soon));
        Assert.False(File.Exists($"/proc/self/fd/{number}"));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task What_cannot_be_waited_for_is_refused_in_words(bool async)
    {
        using ManualResetEvent handle = new(initialState: true);
        string path = Path.GetTempFileName();
        using (FileStream file = File.OpenRead(path))
        {
            await Refused("ManualResetEvent cannot be waited for", handle, async);
            await Refused("SafeWaitHandle cannot be waited for", handle.SafeWaitHandle, async);
            await Refused("plain file", file.SafeFileHandle, async);
            await Refused("Task<Int32> cannot be waited for", Task.FromResult(1), async);
            await Refused("is null", null!, async);
            await Refused("no descriptor", new NoDescriptor((nint)1 << 40), async);
            await Assert.ThrowsAsync<ArgumentNullException>(() => Any(null!, async));
            await Assert.ThrowsAsync<ArgumentException>(() => Any([], async));
        }

        File.Delete(path);
        using ChildProcess unstarted = new(() => { });
        await Assert.ThrowsAsync<InvalidOperationException>(() => Any([unstarted], async));
        (Connection reader, Connection writer) = Pipe.Create(duplex: false);
        using (reader)
        using (writer)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => Any([reader, writer], async));
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task More_descriptors_than_an_fd_set_holds_are_no_limit(bool async)
    {
        SafeDescriptorHandle[] counters = [.. Enumerable.Range(0, 1500).Select(_ => Os.EventFd())];
        Task<IReadOnlyList<object>> waiting = Any(counters, async);
        Os.EventFdWrite(counters[1400], 1);
        Assert.Equal([counters[1400]], await waiting.WaitAsync(s_soon));
        Array.ForEach(counters, counter => counter.Dispose());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Many_waits_for_the_same_thing_all_end(bool async)
    {
        using SafeDescriptorHandle counter = Os.EventFd();
        Task<IReadOnlyList<object>>[] waits = [.. Enumerable.Range(0, async ? 200 : 10).Select(_ => Any([counter], async))];
        Os.EventFdWrite(counter, 1);
        Assert.All(await Task.WhenAll(waits).WaitAsync(s_soon), ready => Assert.Equal([counter], ready));
    }

    [Fact]
    public async Task Many_waits_for_one_listener_all_end()
    {
        using ConnectionListener listener = new();
        Task<IReadOnlyList<object>>[] waits = [.. Enumerable.Range(0, 600).Select(_ => Any([listener], async: true))];
        using Connection client = Connection.Connect(listener.Address);
        Assert.All(await Task.WhenAll(waits).WaitAsync(s_soon, TestContext.Current.CancellationToken), ready => Assert.Equal([listener], ready));
    }

    [Fact]
    [TimeLimit(120)]
    public async Task Waits_that_are_cancelled_while_they_become_ready_hurt_nobody()
    {
        const int Each = 15_000;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(
            async () =>
            {
                Random random = new(worker);
                for (int i = 0; i < Each; i++)
                {
                    using SafeDescriptorHandle counter = Os.EventFd();
                    using CancellationTokenSource cancelled = new();
                    Task<IReadOnlyList<object>> waiting = Any([counter], async: true, cancelled.Token);
                    Os.EventFdWrite(counter, 1);
                    Thread.SpinWait(random.Next(2000)); // the watching thread takes some time to wake up
                    cancelled.Cancel();
                    try
                    {
                        Assert.Equal([counter], await waiting.WaitAsync(s_soon, TestContext.Current.CancellationToken));
                    }
                    catch (OperationCanceledException)
                    {
                        // Or so.
                    }
                }
            },
            TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void A_watch_holds_its_descriptor_open_so_that_who_ends_it_finds_it()
    {
        SafeDescriptorHandle counter = Os.EventFd();
        int number = counter.Number;
        ReadinessWatcher.Registration watch = ReadinessWatcher.OfConnections.Watch(counter, () => { });
        counter.Dispose();
        Assert.True(File.Exists($"/proc/self/fd/{number}"));
        watch.Dispose();
        watch.Dispose();
        Assert.True(counter.IsClosed);
    }

    [Fact]
    public async Task Waits_without_a_thread_take_none_and_no_processor_time()
    {
        using SafeDescriptorHandle counter = Os.EventFd();
        using ConnectionListener listener = new();
        await Task.Yield();
        int threads = Directory.GetDirectories("/proc/self/task").Length;
        Task<IReadOnlyList<object>>[] waits = [.. Enumerable.Range(0, 300).Select(_ => Any([counter, listener], async: true))];
        DoesNotSpin(counter, TimeSpan.FromMilliseconds(500));
        Assert.InRange(Directory.GetDirectories("/proc/self/task").Length, 1, threads + 20);
        Os.EventFdWrite(counter, 1);
        await Task.WhenAll(waits).WaitAsync(s_soon, TestContext.Current.CancellationToken);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Messages_that_TCP_brought_in_one_piece_are_each_ready_and_half_a_message_is_not(bool async)
    {
        byte[] key = [1];
        using ConnectionListener listener = new("tcp:127.0.0.1:0", key);
        using Socket raw = RawPeer.Connect(listener.Address);
        raw.Send(RawPeer.Answer(RawPeer.Receive(raw, RawPeer.HelloLength), key));
        using Connection accepted = listener.Accept();
        RawPeer.Receive(raw, RawPeer.VerdictLength);
        raw.Send([1, 0, 0, 0, 2, 0, 0, 0, 7, 1, 0, 0, 0, 2, 0, 0, 0, 8, 1, 0]);
        Assert.Equal([accepted], await Any([accepted], async).WaitAsync(s_soon));
        Assert.Equal([7], accepted.ReceiveBytes());
        Assert.Equal([accepted], await Any([accepted], async).WaitAsync(s_soon));
        Assert.Equal([8], accepted.ReceiveBytes());
        long start = Stopwatch.GetTimestamp();
        DoesNotSpin(accepted, TimeSpan.FromMilliseconds(300));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(300), s_soon);
    }

    /// <summary>Neither the thread that waits nor one of the library's own does. What the runtime does meanwhile, such as compiling, is its own affair.</summary>
    private static void DoesNotSpin(object waitable, TimeSpan time)
    {
        Dictionary<string, long> before = TicksOfOurThreads();
        TimeSpan own = Os.ClockGetTime(ClockId.ThreadCpuTime);
        Assert.Empty(ProcessWait.Any([waitable], time));
        Assert.InRange(Os.ClockGetTime(ClockId.ThreadCpuTime) - own, TimeSpan.Zero, time / 5);
        long most = (long)(time.TotalSeconds / 5 * 100); // the kernel shows them as hundredths of a second
        Assert.All(TicksOfOurThreads(), thread => Assert.InRange(thread.Value - before.GetValueOrDefault(thread.Key), 0, most));
    }

    private static Dictionary<string, long> TicksOfOurThreads()
    {
        Dictionary<string, long> ticks = [];
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            try
            {
                string[] stat = File.ReadAllText($"{task}/stat").Split(' ');
                if (stat[1].StartsWith("(Multiprocessing", StringComparison.Ordinal) && Path.GetFileName(task) != $"{Environment.ProcessId}") // whose name is the same so far
                {
                    ticks.Add(task, stat[^39..^37].Sum(long.Parse)); // utime and stime, counted from behind, since a name may have spaces
                }
            }
            catch (IOException)
            {
                // The thread has ended meanwhile.
            }
        }

        return ticks;
    }

    private static async Task Refused(string words, object what, bool async) =>
        Assert.Contains(words, (await Assert.ThrowsAsync<ArgumentException>(() => Any([what], async))).Message, StringComparison.Ordinal);

    private static Task<IReadOnlyList<object>> Any(IReadOnlyList<object> waitables, bool async, CancellationToken cancellationToken = default) => async
        ? AnyAsync(waitables, cancellationToken)
        : Task.Factory.StartNew(() => ProcessWait.Any(waitables, null, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task<IReadOnlyList<object>> AnyAsync(IReadOnlyList<object> waitables, CancellationToken cancellationToken) => await ProcessWait.AnyAsync(waitables, cancellationToken);

    /// <summary>Until the thread that waits is in the system call; without a thread the wait has begun when the call returns.</summary>
    private static async Task Blocked(bool async)
    {
        while (!async && !Directory.GetDirectories("/proc/self/task").Any(task =>
            File.ReadAllText($"{task}/comm").StartsWith(".NET Long", StringComparison.Ordinal) && File.ReadAllText($"{task}/wchan").Contains("poll", StringComparison.Ordinal)))
        {
            await Task.Yield();
        }
    }

    private sealed class NoDescriptor() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => false;

        protected override bool ReleaseHandle() => true;

        internal NoDescriptor(nint value)
            : this() => SetHandle(value);
    }
}
