using System.Buffers.Binary;
using System.Net.Sockets;
using CsCheck;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Messages over a stream: whole, in order, both ways at once, and what a hostile peer can do.</summary>
public sealed class TcpConnectionTests
{
    private static readonly byte[] s_key = [.. "the key of these tests"u8];
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(40);

    public static TheoryData<int> Lengths => [0, 1, 7, 8, 16 * 1024 - 8, 16 * 1024, 64 * 1024, 64 * 1024 + 1, 1_000_003, 32 << 20];

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_message_of_any_length_arrives_as_it_was_sent(int length)
    {
        (Connection left, Connection right) = Pair();
        using (left)
        using (right)
        {
            byte[] message = new byte[length];
            new Random(length).NextBytes(message);
            Task sending = Task.Run(
                () =>
                {
                    left.SendBytes(message);
                    left.SendBytes([1]);
                },
                TestContext.Current.CancellationToken);
            Assert.True(message.AsSpan().SequenceEqual(right.ReceiveBytes()));
            Assert.Equal([1], right.ReceiveBytes());
            await sending;
        }
    }

    [Fact]
    public void Messages_keep_their_boundaries_and_their_order()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        using (right)
        {
            for (int i = 0; i < 2000; i++)
            {
                left.Send(i);
                left.SendBytes(new byte[i % 50]);
            }

            for (int i = 0; i < 2000; i++)
            {
                Assert.True(right.Poll());
                Assert.Equal(i, right.Receive<int>());
                Assert.Equal(i % 50, right.ReceiveBytes().Length);
            }

            Assert.False(right.Poll());
        }
    }

    [Fact]
    public async Task Two_that_send_each_other_large_messages_at_once_both_get_on()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        using (right)
        {
            byte[] message = new byte[48 << 20];
            new Random(1).NextBytes(message);
            Task<bool>[] both = [.. new[] { left, right }.Select(one => Task.Factory.StartNew(
                () =>
                {
                    one.SendBytes(message); // nobody receives yet
                    return message.AsSpan().SequenceEqual(one.ReceiveBytes());
                },
                TestContext.Current.CancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default))];
            Assert.All(await Task.WhenAll(both).WaitAsync(s_soon, TestContext.Current.CancellationToken), Assert.True);
            Task<byte[]>[] async = [.. new[] { left, right }.Select(async one =>
            {
                await one.SendAsync(message, TestContext.Current.CancellationToken);
                return await one.ReceiveAsync<byte[]>(TestContext.Current.CancellationToken);
            })];
            Assert.All(await Task.WhenAll(async).WaitAsync(s_soon, TestContext.Current.CancellationToken), received => Assert.Equal(message.Length, received.Length));
        }
    }

    [Fact]
    public async Task A_receiver_that_waits_gets_what_a_blocked_sender_of_its_own_side_took_in()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        using (right)
        {
            byte[] large = new byte[32 << 20];
            Task<string> receiving = left.ReceiveAsync<string>(TestContext.Current.CancellationToken).AsTask();
            Task<string> blocked = Task.Factory.StartNew(left.Receive<string>, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            Task sending = Task.Factory.StartNew(() => left.SendBytes(large), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            for (int i = 0; i < 200; i++)
            {
                right.Send($"{i}");
                if (i >= 2)
                {
                    Assert.Equal($"{i}", left.Receive<string>());
                }
                else
                {
                    await (i == 0 ? (Task)Task.WhenAny(receiving, blocked) : Task.WhenAll(receiving, blocked)).WaitAsync(s_soon, TestContext.Current.CancellationToken);
                }
            }

            Assert.Equal(["0", "1"], new[] { await receiving, await blocked }.Order());
            Assert.False(sending.IsCompleted);
            Assert.Equal(large.Length, right.ReceiveBytes().Length);
            await sending;
        }
    }

    [Fact]
    public async Task Senders_on_one_end_do_not_mix_their_messages()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        using (right)
        {
            const int Senders = 6;
            const int Each = 100;
            Task[] sending = [.. Enumerable.Range(0, Senders).Select(sender => Task.Factory.StartNew(
                () =>
                {
                    byte[] message = new byte[1 + (sender * 40_000)];
                    message.AsSpan().Fill((byte)sender);
                    for (int i = 0; i < Each; i++)
                    {
                        left.SendBytes(message);
                    }
                },
                TestContext.Current.CancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default))];
            int[] received = new int[Senders];
            for (int i = 0; i < Senders * Each; i++)
            {
                byte[] message = right.ReceiveBytes();
                received[message[0]]++;
                Assert.Equal(1 + (message[0] * 40_000), message.Length);
                Assert.False(message.AsSpan().ContainsAnyExcept(message[0]));
            }

            Assert.All(received, count => Assert.Equal(Each, count));
            await Task.WhenAll(sending);
        }
    }

    [Fact]
    public void The_end_of_the_peer_is_the_end_of_the_stream_and_sending_to_nobody_is_an_error()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        {
            right.Send("last words");
            right.Dispose();
            Assert.Equal("last words", left.Receive<string>());
            Assert.True(left.Poll());
            Assert.Throws<EndOfStreamException>(() => left.Receive<string>());
            PosixException exception = Assert.Throws<PosixException>(() =>
            {
                for (int i = 0; i < 100_000; i++)
                {
                    left.Send(i); // the system takes some before it knows that nobody is there
                }
            });
            Assert.Equal(ErrorNumber.EPIPE, exception.Errno);
        }
    }

    [Fact]
    public async Task A_peer_that_is_killed_in_the_middle_of_a_message_is_the_end_of_the_stream()
    {
        using ConnectionListener listener = new("tcp:127.0.0.1:0", s_key);
        string address = listener.Address;
        byte[] key = s_key;
        using ChildProcess child = ChildProcess.Start(() =>
        {
            using Connection connection = Connection.Connect(address, key);
            connection.SendBytes([1]);
            connection.SendBytes(new byte[64 << 20]);
        });
        using Connection accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        accepted.ReceiveBytes();
        Assert.NotEqual(PollEvents.None, Os.Poll(accepted.Transport.Descriptor, PollEvents.Readable, s_soon)); // the beginning of the other
        child.Kill();
        child.Join();
        Assert.Contains("middle", Assert.Throws<EndOfStreamException>(() => accepted.ReceiveBytes()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_message_is_none_and_its_end_in_the_middle_says_so()
    {
        using Raw raw = new();
        raw.Socket.Send([5, 0, 0]);
        Assert.False(raw.Connection.Poll(TimeSpan.FromMilliseconds(50)));
        raw.Socket.Send([0, 2, 0, 0, 0, 1, 2, 3]);
        Assert.False(raw.Connection.Poll(TimeSpan.FromMilliseconds(50)));
        raw.Socket.Send([4, 5]);
        Assert.True(raw.Connection.Poll(s_soon));
        Assert.Equal([1, 2, 3, 4, 5], raw.Connection.ReceiveBytes());
        raw.Socket.Send([5, 0, 0, 0, 2, 0, 0, 0, 1]);
        raw.Socket.Dispose();
        Assert.Contains("middle", Assert.Throws<EndOfStreamException>(() => raw.Connection.ReceiveBytes()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0xFFFFFFFFu, 0)]
    [InlineData(0x80000000u, 0)]
    [InlineData(10u, 1)]
    public void What_is_no_message_is_an_error_for_good(uint length, byte reserved)
    {
        using Raw raw = new();
        byte[] head = [0, 0, 0, 0, 2, reserved, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(head, length);
        raw.Socket.Send(head);
        Assert.Throws<InvalidDataException>(() => raw.Connection.ReceiveBytes());
        Assert.Throws<InvalidDataException>(() => raw.Connection.ReceiveBytes());
    }

    [Fact]
    public void A_message_of_an_unknown_kind_is_an_error_and_the_next_one_comes()
    {
        using Raw raw = new();
        raw.Socket.Send([2, 0, 0, 0, 77, 0, 0, 0, 1, 2, 1, 0, 0, 0, 2, 0, 0, 0, 9]);
        Assert.Throws<InvalidDataException>(() => raw.Connection.ReceiveBytes());
        Assert.Equal([9], raw.Connection.ReceiveBytes());
    }

    [Fact]
    public void An_announced_length_alone_takes_no_memory()
    {
        using Raw raw = new();
        long before = GC.GetTotalAllocatedBytes(precise: true);
        raw.Socket.Send([0xC0, 0xFF, 0xFF, 0x7F, 2, 0, 0, 0, 1, 2, 3]);
        Assert.False(raw.Connection.Poll(TimeSpan.FromMilliseconds(50)));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 1 << 20);
    }

    [Fact]
    public void Random_bytes_are_messages_errors_or_the_end()
    {
        Gen.Byte.Array[0, 100].Array[1, 5].Sample(
            packets =>
            {
                using Raw raw = new();
                foreach (byte[] packet in packets)
                {
                    raw.Socket.Send(packet);
                }

                raw.Socket.Shutdown(SocketShutdown.Send);
                while (true)
                {
                    try
                    {
                        raw.Connection.ReceiveBytes();
                    }
                    catch (EndOfStreamException)
                    {
                        return;
                    }
                    catch (InvalidDataException exception) when (exception.Message.Contains("no more use", StringComparison.Ordinal))
                    {
                        return;
                    }
                    catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException)
                    {
                        // Another kind than asked for; the next one, please.
                    }
                }
            },
            iter: 500,
            threads: 1);
    }

    [Fact]
    public async Task A_send_that_is_cancelled_halfway_ends_the_stream_for_the_peer_and_can_still_receive()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        using (right)
        using (CancellationTokenSource cancelled = new())
        {
            Task sending = left.SendAsync(new byte[(64 << 20) + BufferedAtMost()], cancelled.Token).AsTask();
            Assert.NotEqual(PollEvents.None, Os.Poll(right.Transport.Descriptor, PollEvents.Readable, s_soon)); // it has begun, and nobody takes it
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.WaitAsync(s_soon));
            Assert.Throws<EndOfStreamException>(() => right.ReceiveBytes());
            right.Send("still here");
            Assert.Equal("still here", left.Receive<string>());
            Assert.Contains("given up", Assert.Throws<PosixException>(() => left.Send(1)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Descriptors_and_the_connection_itself_do_not_go_over_TCP_and_the_refusal_says_why()
    {
        (Connection left, Connection right) = Pair();
        (Connection one, Connection other) = Pipe.Create();
        using (left)
        using (right)
        using (one)
        using (other)
        using (SafeDescriptorHandle descriptor = Os.EventFd())
        {
            Assert.Contains("descriptors mean nothing", Assert.Throws<NotSupportedException>(() => left.SendHandle(descriptor)).Message, StringComparison.Ordinal);
            Assert.Contains("descriptors mean nothing", Assert.Throws<NotSupportedException>(() => left.Send(one)).Message, StringComparison.Ordinal);
            Assert.Contains("connect by itself", Assert.Throws<NotSerializableException>(() => one.Send(left)).Message, StringComparison.Ordinal);
            left.Send("goes on");
            Assert.Equal("goes on", right.Receive<string>());
        }
    }

    [Fact]
    public void A_child_is_not_started_with_a_connection_over_TCP_and_the_refusal_names_the_variable()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        using (right)
        {
            NotSerializableException refusal = Assert.Throws<NotSerializableException>(() => ChildProcess.Start(() => left.Send(1)));
            Assert.Contains("'left'", refusal.Subject, StringComparison.Ordinal);
            Assert.Contains("it goes over TCP", refusal.Message, StringComparison.Ordinal);
            using ChildProcess child = new(new Action<Connection>(connection => connection.Send(1)), args: [left]);
            Assert.Equal("the argument 'connection'", Assert.Throws<NotSerializableException>(child.Start).Subject);
        }
    }

    [Fact]
    public void What_is_taken_in_while_sending_is_bounded_also_where_the_messages_are_empty()
    {
        using Raw raw = new();
        raw.Socket.Blocking = false;
        byte[] frames = new byte[8 * 8192];
        for (int i = 4; i < frames.Length; i += 8)
        {
            frames[i] = 2; // each of no bytes
        }

        byte[] large = new byte[64 << 20];
        Transport transport = raw.Connection.Transport;
        PendingSend pending = default;
        long came = 0;
        do
        {
            came += raw.Socket.Send(frames.AsSpan((int)(came % frames.Length)));
            Assert.False(transport.TrySend(MessageKind.Bytes, large, [], ref pending)); // nobody receives it
        }
        while (pending.Events.HasFlag(PollEvents.Readable) && came < 48 << 20);

        transport.GiveUp(ref pending);
        Assert.InRange(came, 1 << 20, 16 << 20);
    }

    [Fact]
    public void What_was_sent_arrives_though_the_sender_closes_with_messages_unread()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        {
            left.SendBytes(new byte[10_000]);
            Assert.NotEqual(PollEvents.None, Os.Poll(right.Transport.Descriptor, PollEvents.Readable, s_soon));
            byte[] last = new byte[400_000]; // more than the other system takes before somebody receives
            PendingSend pending = default;
            Assert.True(right.Transport.TrySend(MessageKind.Bytes, last, [], ref pending));
            right.Dispose();
            Assert.Equal(last.Length, left.ReceiveBytes().Length);
            Assert.Throws<EndOfStreamException>(() => left.ReceiveBytes());
        }
    }

    [Fact]
    public async Task A_send_that_waits_while_the_connection_is_closed_says_that_it_was_closed()
    {
        (Connection left, Connection right) = Pair();
        using (right)
        {
            Task blocked = Task.Factory.StartNew(() => left.SendBytes(new byte[64 << 20]), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            Assert.NotEqual(PollEvents.None, Os.Poll(right.Transport.Descriptor, PollEvents.Readable, s_soon));
            left.Close();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => blocked.WaitAsync(s_soon));
            Assert.Throws<EndOfStreamException>(() => right.ReceiveBytes());
        }
    }

    [Fact]
    public async Task Many_waits_for_one_connection_all_end()
    {
        (Connection left, Connection right) = Pair();
        using (left)
        using (right)
        {
            Task<bool>[] polls = [.. Enumerable.Range(0, 600).Select(_ => left.PollAsync(Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken).AsTask())];
            Task<IReadOnlyList<object>>[] waits = [.. Enumerable.Range(0, 600).Select(_ => ProcessWait.AnyAsync([left], TestContext.Current.CancellationToken).AsTask())];
            right.Send("message");
            Assert.All(await Task.WhenAll(polls).WaitAsync(s_soon, TestContext.Current.CancellationToken), Assert.True);
            Assert.All(await Task.WhenAll(waits).WaitAsync(s_soon, TestContext.Current.CancellationToken), ready => Assert.Equal([left], ready));
            Assert.Equal("message", left.Receive<string>());
            Task<string>[] receives = [.. Enumerable.Range(0, 600).Select(_ => left.ReceiveAsync<string>(TestContext.Current.CancellationToken).AsTask())];
            for (int i = 0; i < receives.Length; i++)
            {
                right.Send("another");
            }

            Assert.All(await Task.WhenAll(receives).WaitAsync(s_soon, TestContext.Current.CancellationToken), message => Assert.Equal("another", message));
        }
    }

    [Fact]
    public async Task After_a_fork_a_connection_stays_with_the_parent_and_the_childs_close_does_not_hurt_it()
    {
        Assert.SkipUnless(Os.CanFork(out string? reason) || reason!.Contains("RestartForkable", StringComparison.Ordinal), reason ?? "");
        using ConnectionListener listener = new("tcp:127.0.0.1:0", [1]);
        Task<(int, string, string)> program = Task.Factory.StartNew(
            () => TestProgram.Run(["fork-tcp-connection", listener.Address]), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using Connection accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        accepted.Send("first");
        accepted.SendBytes(new byte[200_000]);
        Assert.Equal("before", accepted.Receive<string>());
        Task<string> after = accepted.ReceiveAsync<string>(TestContext.Current.CancellationToken).AsTask();
        Assert.True(await Task.WhenAny(after, program).WaitAsync(s_soon, TestContext.Current.CancellationToken) == after, $"{(program.IsCompleted ? await program : default)}");
        Assert.Equal("after", await after);
        accepted.Send("answer");
        Assert.Equal((0, "", ""), await program.WaitAsync(s_soon, TestContext.Current.CancellationToken));
    }

    /// <summary>How much the system takes of a stream before it is received: as the third number of tcp_wmem and tcp_rmem says, see tcp(7).</summary>
    private static int BufferedAtMost() => ((string[])["tcp_wmem", "tcp_rmem"]).Sum(name =>
        int.Parse(File.ReadAllText($"/proc/sys/net/ipv4/{name}").Split('\t', StringSplitOptions.TrimEntries)[2], System.Globalization.CultureInfo.InvariantCulture));

    private static (Connection Left, Connection Right) Pair()
    {
        using ConnectionListener listener = new("tcp:127.0.0.1:0", s_key);
        Connection client = Connection.Connect(listener.Address, s_key);
        return (client, listener.Accept());
    }

    /// <summary>A connection whose peer knows the key, and then sends what it likes.</summary>
    private sealed class Raw : IDisposable
    {
        public Raw()
        {
            using ConnectionListener listener = new("tcp:127.0.0.1:0", s_key);
            Socket = RawPeer.Connect(listener.Address);
            Socket.NoDelay = true;
            Socket.Send(RawPeer.Answer(RawPeer.Receive(Socket, RawPeer.HelloLength), s_key));
            Assert.Equal(1, RawPeer.Receive(Socket, RawPeer.VerdictLength)[0]);
            Connection = listener.Accept();
        }

        public Socket Socket { get; }

        public Connection Connection { get; }

        public void Dispose()
        {
            Socket.Dispose();
            Connection.Dispose();
        }
    }
}
