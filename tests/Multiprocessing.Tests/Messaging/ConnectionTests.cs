using System.Diagnostics;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests.Messaging;

public sealed class ConnectionTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    [Conformance(87)]
    public void Both_ends_of_a_duplex_pipe_send_and_receive_and_say_so()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            Assert.True(left.CanReceive && left.CanSend && right.CanReceive && right.CanSend);
            left.Send(1);
            right.Send("two");
            Assert.Equal(1, right.Receive<int>());
            Assert.Equal("two", left.Receive());
        }
    }

    [Fact]
    [Conformance(88)]
    public async Task A_one_way_pipe_refuses_the_other_way()
    {
        (Connection reader, Connection writer) = Pipe.Create(duplex: false);
        using (reader)
        using (writer)
        {
            Assert.True(reader.CanReceive && !reader.CanSend && !writer.CanReceive && writer.CanSend);
            writer.Send(1);
            Assert.Throws<InvalidOperationException>(() => reader.Send(1));
            Assert.Throws<InvalidOperationException>(() => reader.SendBytes([1]));
            Assert.Throws<InvalidOperationException>(() => reader.SendHandle(new SafeDescriptorHandle(0, ownsHandle: false)));
            await Assert.ThrowsAsync<InvalidOperationException>(() => reader.SendAsync(1, TestContext.Current.CancellationToken).AsTask());
            Assert.Throws<InvalidOperationException>(() => writer.Receive());
            Assert.Throws<InvalidOperationException>(() => writer.ReceiveBytes());
            Assert.Throws<InvalidOperationException>(() => writer.ReceiveView());
            Assert.Throws<InvalidOperationException>(() => writer.ReceiveHandle());
            Assert.Throws<InvalidOperationException>(() => writer.Poll());
            await Assert.ThrowsAsync<InvalidOperationException>(() => writer.ReceiveAsync<int>(TestContext.Current.CancellationToken).AsTask());
            Assert.Equal(1, reader.Receive<int>());
        }
    }

    [Fact]
    [Conformance(89)]
    public void What_is_sent_is_received_equal()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            left.Send([42, null, "hello"]);
            left.Send(null);
            left.Send((object?)null);
            left.Send(7);
            left.Send(new Uri("http://localhost/"));
            left.Send(new Dictionary<string, int> { ["one"] = 1 });
            left.Send(3.5m);
            left.Send<string?>(null);
            Assert.Equal([42, null, "hello"], right.Receive<object?[]>());
            Assert.Null(right.Receive());
            Assert.Null(right.Receive<object?[]?>());
            Assert.Equal(7, Assert.IsType<int>(right.Receive()));
            Assert.Equal(new Uri("http://localhost/"), right.Receive<Uri>());
            Assert.Equal(1, right.Receive<Dictionary<string, int>>()["one"]);
            Assert.Equal(3.5m, right.Receive<decimal>());
            Assert.Null(right.Receive<string?>());
        }
    }

    [Fact]
    [Conformance(90)]
    public void Byte_messages_keep_their_boundaries()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            left.SendBytes("one"u8);
            left.SendBytes([]);
            left.SendBytes("three"u8);
            Assert.Equal("one"u8.ToArray(), right.ReceiveBytes());
            Assert.Empty(right.ReceiveBytes());
            Assert.Equal("three"u8.ToArray(), right.ReceiveBytes());
            Assert.False(right.Poll());
        }
    }

    [Fact]
    [Conformance(91, 92)]
    public void A_part_of_an_array_is_a_message_and_one_outside_of_it_is_refused()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            byte[] bytes = [0, 1, 2, 3, 4];
            left.SendBytes(bytes.AsSpan(1, 3));
            left.SendBytes(bytes.AsSpan(5));
            Assert.Throws<ArgumentOutOfRangeException>(() => left.SendBytes(bytes.AsSpan(6)));
            Assert.Throws<ArgumentOutOfRangeException>(() => left.SendBytes(bytes.AsSpan(-1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => left.SendBytes(bytes.AsSpan(3, 3)));
            Assert.Equal([1, 2, 3], right.ReceiveBytes());
            Assert.Empty(right.ReceiveBytes());
            Assert.False(right.Poll());
        }
    }

    [Theory]
    [Conformance(93)]
    [InlineData(5)]
    [InlineData(300_000)]
    public void Receiving_into_a_buffer_leaves_the_rest_alone(int length)
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            byte[] sent = new byte[length];
            Random.Shared.NextBytes(sent);
            byte[] buffer = new byte[length + 20];
            Array.Fill(buffer, (byte)7);
            left.SendBytes(sent);
            Assert.Equal(length, right.ReceiveBytes(buffer.AsSpan(10)));
            Assert.Equal(sent, buffer.AsSpan(10, length));
            Assert.Equal(Enumerable.Repeat((byte)7, 10), buffer[..10]);
            Assert.Equal(Enumerable.Repeat((byte)7, 10), buffer[^10..]);
        }
    }

    [Theory]
    [Conformance(94)]
    [InlineData(5)]
    [InlineData(300_000)]
    public void A_message_that_is_too_long_is_whole_in_the_exception_and_the_connection_goes_on(int length)
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            byte[] sent = new byte[length];
            Random.Shared.NextBytes(sent);
            left.SendBytes(sent);
            left.SendBytes(sent);
            left.SendBytes([1]);
            Assert.Equal(sent, Assert.Throws<BufferTooShortException>(() => right.ReceiveBytes(length - 1)).Bytes);
            Assert.Equal(sent, Assert.Throws<BufferTooShortException>(() => right.ReceiveBytes(new byte[length - 1].AsSpan())).Bytes);
            Assert.Throws<ArgumentOutOfRangeException>(() => right.ReceiveBytes(-1));
            Assert.Equal([1], right.ReceiveBytes(1));
        }
    }

    [Fact]
    [Conformance(95)]
    public async Task Polling_waits_as_long_as_asked_and_returns_early_for_a_message()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            Assert.False(right.Poll());
            TimeSpan time = TimeSpan.FromMilliseconds(50);
            Stopwatch watch = Stopwatch.StartNew();
            Assert.False(right.Poll(time));
            Assert.False(await right.PollAsync(time, TestContext.Current.CancellationToken));
            Assert.True(watch.Elapsed >= time);
            Assert.Throws<ArgumentOutOfRangeException>(() => right.Poll(TimeSpan.FromSeconds(-1)));

            Task<bool> poll = Task.Run(() => right.Poll(s_patience));
            left.Send(1);
            Assert.True(await poll);
            Assert.True(await right.PollAsync(s_patience, TestContext.Current.CancellationToken));
            Assert.True(right.Poll(Timeout.InfiniteTimeSpan));
            Assert.True(watch.Elapsed < s_patience);
        }
    }

    [Fact]
    [Conformance(96)]
    public async Task Polling_takes_nothing_off_and_another_process_can_still_receive()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            left.SendBytes([]);
            Assert.True(right.Poll() && right.Poll());
            Assert.Equal(0, await ChildProcess.RunAsync(() => right.ReceiveBytes().Length));
            left.Send("whole");
            Assert.True(right.Poll() && right.Poll());
            Assert.Equal("whole", await ChildProcess.RunAsync(() => right.Receive<string>()));
            Assert.False(right.Poll());
        }
    }

    [Fact]
    [Conformance(98)]
    public async Task A_closed_connection_says_so_and_refuses_everything()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (right)
        {
            using (left)
            {
                Assert.False(left.IsClosed);
            }

            Assert.True(left.IsClosed);
            Assert.Throws<ObjectDisposedException>(() => left.Send(1));
            Assert.Throws<ObjectDisposedException>(() => left.SendBytes([1]));
            Assert.Throws<ObjectDisposedException>(() => left.SendHandle(new SafeDescriptorHandle(0, ownsHandle: false)));
            Assert.Throws<ObjectDisposedException>(() => left.Receive());
            Assert.Throws<ObjectDisposedException>(() => left.ReceiveBytes());
            Assert.Throws<ObjectDisposedException>(() => left.ReceiveHandle());
            Assert.Throws<ObjectDisposedException>(() => left.ReceiveView());
            Assert.Throws<ObjectDisposedException>(() => left.Poll());
            Assert.Throws<ObjectDisposedException>(() => right.Send(left));
            await Assert.ThrowsAsync<ObjectDisposedException>(() => left.SendAsync(1, TestContext.Current.CancellationToken).AsTask());
            await Assert.ThrowsAsync<ObjectDisposedException>(() => left.ReceiveAsync<int>(TestContext.Current.CancellationToken).AsTask());
            left.Close();
            left.Dispose();
        }
    }

    [Fact]
    public void A_message_received_in_another_way_than_it_was_sent_is_lost_alone()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        using (SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test"))
        {
            left.Send(1);
            left.SendBytes([2]);
            left.SendHandle(file);
            left.SendHandle(file);
            left.Send(3);
            left.Send("text");
            left.Send(5);
            Assert.Contains("a value", Assert.Throws<InvalidDataException>(() => right.ReceiveBytes()).Message, StringComparison.Ordinal);
            Assert.Contains("bytes", Assert.Throws<InvalidDataException>(() => right.Receive<int>()).Message, StringComparison.Ordinal);
            Assert.Throws<InvalidDataException>(() => right.Receive<int>());
            Assert.Throws<InvalidDataException>(() => right.ReceiveView());
            Assert.Throws<InvalidDataException>(() => right.ReceiveHandle());
            Assert.Throws<InvalidDataException>(() => right.Receive<int>());
            Assert.Equal(5, right.Receive<int>());
        }
    }

    [Fact]
    public void What_cannot_cross_is_refused_and_nothing_is_sent()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            Assert.Throws<NotSerializableException>(() => left.Send(new MemoryStream()));
            Assert.False(right.Poll());
        }
    }

    [Fact]
    public async Task Closing_wakes_those_who_wait()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (right)
        {
            Task[] waits =
            [
                Task.Run(() => left.Receive(), TestContext.Current.CancellationToken),
                Task.Run(() => left.Poll(Timeout.InfiniteTimeSpan), TestContext.Current.CancellationToken),
                left.ReceiveAsync<int>(TestContext.Current.CancellationToken).AsTask(),
                left.ReceiveAsync<int>(TestContext.Current.CancellationToken).AsTask(),
                left.PollAsync(Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken).AsTask(),
                Task.Run(() => SendForEver(left), TestContext.Current.CancellationToken),
                Task.Run(() => SendForEverAsync(left), TestContext.Current.CancellationToken),
            ];
            while (Os.Poll(left.Transport.Descriptor, PollEvents.Writable, TimeSpan.Zero) != PollEvents.None)
            {
                await Task.Yield();
            }

            left.Close();
            foreach (Task wait in waits)
            {
                await Assert.ThrowsAsync<ObjectDisposedException>(() => wait.WaitAsync(s_patience));
            }
        }
    }

    private static void SendForEver(Connection connection)
    {
        while (true)
        {
            connection.Send(1);
        }
    }

    private static async Task SendForEverAsync(Connection connection)
    {
        while (true)
        {
            await connection.SendAsync(1);
        }
    }

    [Fact]
    public async Task A_cancelled_receive_loses_no_message()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            const int Count = 2_000;
            Task sender = Task.Run(() =>
            {
                for (int i = 0; i < Count; i++)
                {
                    left.Send(i);
                    if (i % 10 == 0)
                    {
                        Thread.Yield();
                    }
                }
            });
            int cancelled = 0;
            for (int next = 0; next < Count;)
            {
                using CancellationTokenSource source = new();
                ValueTask<int> receive = right.ReceiveAsync<int>(source.Token);
                _ = Task.Run(source.Cancel);
                try
                {
                    Assert.Equal(next, await receive);
                    next++;
                }
                catch (OperationCanceledException)
                {
                    cancelled++;
                }
            }

            await sender;
            TestContext.Current.TestOutputHelper?.WriteLine($"{cancelled} cancelled");
        }
    }

    [Fact]
    public async Task Async_messages_go_in_the_order_of_the_calls()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            const int Count = 3_000; // more than the socket takes
            ValueTask[] sends = [.. Enumerable.Range(0, Count).Select(i => left.SendAsync(i))];
            Assert.Contains(sends, send => !send.IsCompleted);
            Task<int>[] receives = [.. Enumerable.Range(0, Count).Select(_ => right.ReceiveAsync<int>().AsTask())];
            foreach (ValueTask send in sends)
            {
                await send;
            }

            Assert.Equal(Enumerable.Range(0, Count), (await Task.WhenAll(receives)).Order());
        }
    }

    [Fact]
    public async Task Async_waits_take_no_thread_each()
    {
        (Connection Left, Connection Right)[] pipes = [.. Enumerable.Range(0, 100).Select(_ => Pipe.Create())];
        Task<int>[] receives = [.. pipes.Select(pipe => pipe.Right.ReceiveAsync<int>().AsTask())];
        Assert.DoesNotContain(receives, receive => receive.IsCompleted);
        Assert.True(ThreadPool.ThreadCount < 50);
        for (int i = 0; i < pipes.Length; i++)
        {
            pipes[i].Left.Send(i);
        }

        Assert.Equal(Enumerable.Range(0, 100), await Task.WhenAll(receives).WaitAsync(s_patience));
        Array.ForEach(pipes, pipe =>
        {
            pipe.Left.Close();
            pipe.Right.Close();
        });
    }

    [Fact]
    public void Small_numbers_cost_no_memory()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            byte[] bytes = new byte[100];
            Exchange(100);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exchange(1_000);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);

            void Exchange(int count)
            {
                for (int i = 0; i < count; i++)
                {
                    left.SendBytes(bytes);
                    right.ReceiveBytes(bytes);
                }
            }
        }
    }
}
