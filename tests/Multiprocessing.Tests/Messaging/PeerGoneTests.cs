using Multiprocessing.Posix;

namespace Multiprocessing.Tests.Messaging;

public sealed class PeerGoneTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    [Conformance(104)]
    public async Task Sending_to_nobody_is_the_broken_pipe_error_and_no_signal()
    {
        byte[] large = new byte[200_000];
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        {
            right.Close();
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(32, Assert.Throws<PosixException>(() => left.Send(1)).Errno);
                Assert.Equal(32, Assert.Throws<PosixException>(() => left.SendBytes(large)).Errno);
                Assert.Equal(32, (await Assert.ThrowsAsync<PosixException>(() => left.SendAsync(1, TestContext.Current.CancellationToken).AsTask())).Errno);
                Assert.Throws<EndOfStreamException>(() => left.Receive());
            }
        }
    }

    [Fact]
    public void What_was_sent_before_the_end_is_received_though_the_other_end_left_messages_unread()
    {
        byte[] large = new byte[200_000];
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        {
            left.Send("never read");
            left.SendBytes(large);
            right.Send(1);
            right.SendBytes(large);
            right.Send(2);
            right.Close();
            Assert.True(left.Poll());
            Assert.Equal(1, left.Receive<int>());
            Assert.Equal(large, left.ReceiveBytes());
            Assert.Equal(2, left.Receive<int>());
            Assert.Throws<EndOfStreamException>(() => left.Receive());
            Assert.Throws<EndOfStreamException>(() => left.ReceiveBytes());
            Assert.True(left.Poll());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_killed_sender_is_the_end_of_the_stream(bool async)
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        using (ChildProcess sender = ChildProcess.Start(() => SendForEver(child)))
        {
            child.Close();
            for (int i = 0; i < 100; i++)
            {
                Assert.Equal(i, parent.Receive<int>());
            }

            sender.Kill();
            int next = 100;
            await Assert.ThrowsAsync<EndOfStreamException>(async () =>
            {
                while (true)
                {
                    Assert.Equal(next, async ? await parent.ReceiveAsync<int>(TestContext.Current.CancellationToken) : parent.Receive<int>());
                    next++;
                }
            });
            Assert.True(sender.Join(s_patience));
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(32 << 20)]
    public async Task A_sender_that_waits_learns_that_the_last_receiver_is_gone(int length)
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        using (ChildProcess receiver = ChildProcess.Start(() => Hold(child)))
        {
            child.Close();
            Assert.Equal("here", parent.Receive<string>());
            int sent = 0;
            Task sender = Task.Run(() =>
            {
                byte[] bytes = new byte[length];
                while (true)
                {
                    parent.SendBytes(bytes);
                    Interlocked.Increment(ref sent);
                }
            });
            for (int before = -1; before != Volatile.Read(ref sent) || before == 0;)
            {
                before = Volatile.Read(ref sent);
                await Task.Delay(200, TestContext.Current.CancellationToken);
            }

            Assert.False(sender.IsCompleted);
            receiver.Kill();
            Assert.Equal(32, (await Assert.ThrowsAsync<PosixException>(() => sender.WaitAsync(s_patience))).Errno);
        }
    }

    private static void Hold(Connection connection)
    {
        connection.Send("here");
        Thread.Sleep(Timeout.Infinite);
        GC.KeepAlive(connection);
    }

    private static void SendForEver(Connection connection)
    {
        for (int i = 0; ; i++)
        {
            connection.Send(i);
        }
    }
}
