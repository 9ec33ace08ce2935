using System.Diagnostics;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests.Messaging;

public sealed class SpinningPipeTests
{
    private static readonly PipeOptions s_spinning = new() { SpinTime = TimeSpan.FromMilliseconds(2) };
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Messages_go_there_and_back()
    {
        (Connection here, Connection there) = Pipe.Create(s_spinning);
        using ChildProcess echo = Start(() => Echo(there));
        there.Close();
        for (int i = 0; i < 20_000; i++)
        {
            here.Send(i);
            Assert.Equal(i, here.Receive<int>());
        }

        here.Close();
        Assert.True(echo.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, echo.ExitCode);
    }

    [Fact]
    public async Task Short_long_and_named_messages_keep_their_order()
    {
        (Connection here, Connection there) = Pipe.Create(s_spinning);
        using ChildProcess echo = Start(() => Echo(there));
        there.Close();
        object?[] messages = [1, null, "text", new object?[] { 42, null, "hello" }, new string('x', 500), 2.5, new byte[300_000], 'c', new Version(1, 2), 7L];
        Task sending = Task.Run(() =>
        {
            for (int round = 0; round < 200; round++)
            {
                Array.ForEach(messages, here.Send);
            }
        });
        for (int round = 0; round < 200; round++)
        {
            foreach (object? message in messages)
            {
                object? received = here.Receive();
                Assert.True(message is byte[] bytes ? bytes.AsSpan().SequenceEqual((byte[])received!) : Equals(message, received) || message is object?[] list && list.SequenceEqual((object?[])received!), $"{received} for {message}");
            }
        }

        await sending;
        here.Close();
        Assert.True(echo.Join(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void One_direction_holds_more_than_the_ring_does_and_bytes_keep_their_boundaries()
    {
        (Connection reader, Connection writer) = Pipe.Create(new PipeOptions { Duplex = false, SpinTime = TimeSpan.FromMilliseconds(1) });
        using (reader)
        using (writer)
        {
            Assert.Throws<InvalidOperationException>(() => reader.Send(1));
            for (int i = 0; i < 200; i++)
            {
                writer.SendBytes(new byte[i * 3]);
            }

            for (int i = 0; i < 200; i++)
            {
                Assert.Equal(i * 3, reader.ReceiveBytes().Length);
            }

            Assert.False(reader.Poll());
        }
    }

    [Fact]
    public void A_receiver_that_sleeps_is_woken()
    {
        (Connection here, Connection there) = Pipe.Create(new PipeOptions { SpinTime = TimeSpan.FromTicks(10) });
        using ChildProcess echo = Start(() => Echo(there));
        there.Close();
        for (int i = 0; i < 2_000; i++)
        {
            here.Send(i);
            Assert.True(here.Poll(TimeSpan.FromSeconds(30)));
            Assert.Equal(i, here.Receive<int>());
        }

        here.Close();
        Assert.True(echo.Join(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task It_waits_without_a_thread_too()
    {
        (Connection here, Connection there) = Pipe.Create(s_spinning);
        using ChildProcess echo = Start(() => Echo(there));
        there.Close();
        for (int i = 0; i < 500; i++)
        {
            await here.SendAsync(i);
            Assert.Equal(i, await here.ReceiveAsync<int>());
        }

        using CancellationTokenSource cancellation = new(TimeSpan.FromMilliseconds(20));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => here.ReceiveAsync<int>(cancellation.Token).AsTask());
        here.Close();
        Assert.True(echo.Join(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void What_a_killed_process_sent_is_received_before_the_end()
    {
        (Connection here, Connection there) = Pipe.Create(s_spinning);
        using ChildProcess child = Start(() =>
        {
            for (int i = 0; i < 10; i++)
            {
                there.Send(i);
            }

            Process.GetCurrentProcess().Kill();
        });
        there.Close();
        Assert.Equal(Enumerable.Range(0, 10), Enumerable.Range(0, 10).Select(_ => here.Receive<int>()));
        Assert.Throws<EndOfStreamException>(() => here.Receive<int>());
        Assert.Throws<EndOfStreamException>(() => here.Receive<int>());
        here.Close();
        child.Join();
    }

    [Fact]
    public void An_end_belongs_to_the_process_that_used_it_first()
    {
        (Connection here, Connection there) = Pipe.Create(s_spinning);
        using (here)
        using (there)
        {
            there.Send(1);
            NotSerializableException unsent = Assert.Throws<NotSerializableException>(() => ChildProcess.Start(() => there.Send(2)));
            Assert.Contains("has been used", unsent.Message, StringComparison.Ordinal);
            Assert.Contains("'there'", unsent.Subject, StringComparison.Ordinal);
            using ChildProcess child = Start(() => here.Send(3));
            Assert.True(child.Join(TimeSpan.FromSeconds(30)));
            Assert.Equal(0, child.ExitCode);
            InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => here.Send(4));
            Assert.Contains($"Process {child.Pid} uses", refusal.Message, StringComparison.Ordinal);
            Assert.Equal(3, there.Receive<int>());
        }
    }

    [Fact]
    public async Task Closing_ends_a_wait()
    {
        (Connection here, Connection there) = Pipe.Create(s_spinning);
        using (there)
        {
            Task waiting = Task.Run(() => here.Receive<int>());
            Assert.False(there.Poll(TimeSpan.FromMilliseconds(30)));
            here.Close();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        }
    }

    [Fact]
    public void Times_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new PipeOptions { SpinTime = TimeSpan.FromTicks(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new PipeOptions { SpinTime = TimeSpan.FromSeconds(2) });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_waits_is_woken_whatever_another_receiver_takes_meanwhile(bool receives)
    {
        (Connection here, Connection there) = Pipe.Create(new PipeOptions { SpinTime = TimeSpan.FromSeconds(1) });
        using (here)
        using (there)
        using (ManualResetEventSlim begun = new())
        {
            Task<int> waiting = receives ? here.ReceiveAsync<int>(TestContext.Current.CancellationToken).AsTask() : PollAsync(here); // tried, and now at the socket
            Task<int> spinning = Task.Run(() =>
            {
                begun.Set();
                return here.Receive<int>();
            });
            begun.Wait(TestContext.Current.CancellationToken);
            SpinWait.SpinUntil(() => spinning.IsCompleted, 100); // so long it watches the ring, or is asleep already: either way it gets a message
            there.Send(1);
            await Task.WhenAny(spinning, waiting).WaitAsync(s_patience);
            there.Send(1);
            Assert.Equal(1, await waiting.WaitAsync(s_patience));
            Assert.Equal(1, await spinning.WaitAsync(s_patience));
        }
    }

    [Fact]
    public void A_message_that_is_refused_is_lost_alone_and_in_its_place()
    {
        (Connection here, Connection there) = Pipe.Create(s_spinning);
        using (there)
        {
            there.Send(1);
            there.SendHandle(there.Transport.Descriptor);
            there.Send(2);
            using ChildProcess receiver = Start(() => ReceiveWithoutDescriptors(here));
            here.Close();
            Assert.Equal("done", there.Receive<string>());
            Assert.True(receiver.Join(s_patience));
        }
    }

    [Fact]
    public async Task An_old_bell_is_no_message()
    {
        (Connection here, Connection there) = Pipe.Create(s_spinning);
        using (here)
        using (there)
        {
            for (int i = 0; i < 3; i++)
            {
                Ring(there);
                Ring(there);
                Assert.False(here.Poll());
                Ring(there);
                Assert.False(here.Poll(TimeSpan.FromMilliseconds(20)));
                Ring(there);
                Assert.False(await here.PollAsync(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken));
                Ring(there);
                Assert.Empty(ProcessWait.Any([here], TimeSpan.FromMilliseconds(20)));
                Task<bool> poll = here.PollAsync(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken).AsTask();
                Ring(there); // while it waits
                Assert.False(await poll);
                Ring(there);
                there.Send(i);
                Assert.True(here.Poll());
                Assert.Equal(i, here.Receive<int>());
            }

            there.Close();
            Assert.True(here.Poll());
            Assert.Throws<EndOfStreamException>(() => here.Receive());
        }
    }

    [Fact]
    public void A_look_does_not_wait_for_a_thread_that_spins()
    {
        TimeSpan best = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < 5 && best > TimeSpan.FromMilliseconds(300); attempt++)
        {
            (Connection here, Connection there) = Pipe.Create(new PipeOptions { SpinTime = TimeSpan.FromSeconds(1) });
            using (here)
            using (there)
            {
                using ManualResetEventSlim begun = new();
                Thread spinning = new(() =>
                {
                    begun.Set();
                    here.Receive<int>();
                });
                spinning.Start();
                begun.Wait(TestContext.Current.CancellationToken);
                SpinWait.SpinUntil(() => !spinning.IsAlive, 100);
                long start = Stopwatch.GetTimestamp();
                Assert.False(here.Poll());
                best = Stopwatch.GetElapsedTime(start);
                there.Send(1);
                Assert.True(spinning.Join(s_patience));
            }
        }

        Assert.True(best <= TimeSpan.FromMilliseconds(300), $"{best}");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(TimeSpan.TicksPerSecond, true)]
    [InlineData(-1, false)]
    [InlineData(TimeSpan.TicksPerSecond + 1, false)]
    [InlineData(long.MaxValue, false)]
    public void A_pipe_that_came_and_would_spin_too_long_is_refused(long ticks, bool isTaken)
    {
        (SpinTransport left, SpinTransport right) = SpinTransport.CreatePair(TimeSpan.FromTicks(1));
        using (left)
        using (right)
        using (WireWriter writer = new())
        {
            right.Depart(writer);
            byte[] bytes = writer.Written.ToArray();
            MemoryMarshal.Write(bytes.AsSpan(2), ticks);
            using ReceivedDescriptors descriptors = new(Array.ConvertAll(writer.Descriptors.ToArray(), descriptor => Os.Dup(descriptor)));
            if (isTaken)
            {
                Arrive(bytes, descriptors).Dispose();
            }
            else
            {
                Assert.Contains("a second is the most", Assert.Throws<InvalidDataException>(() => Arrive(bytes, descriptors)).Message, StringComparison.Ordinal);
            }
        }
    }

    private static Transport Arrive(byte[] bytes, ReceivedDescriptors descriptors)
    {
        WireReader reader = new(bytes) { Descriptors = descriptors };
        return Transport.Arrive(ref reader);
    }

    private static async Task<int> PollAsync(Connection connection) => await connection.PollAsync(Timeout.InfiniteTimeSpan) ? 1 : 0;

    private static void Ring(Connection connection) => Os.SendMsg(connection.Transport.Descriptor, [1, 4, 0, 0], []);

    private static void ReceiveWithoutDescriptors(Connection connection)
    {
        Assert.Equal(1, connection.Receive<int>());
        ResourceLimit before = Os.GetLimit(Resource.OpenFiles);
        Os.SetLimit(Resource.OpenFiles, before with { Soft = 0 });
        try
        {
            connection.ReceiveHandle();
            return;
        }
        catch (InvalidDataException)
        {
            Os.SetLimit(Resource.OpenFiles, before);
        }

        Assert.Equal(2, connection.Receive<int>());
        connection.Send("done");
    }

    private static ChildProcess Start(Action work)
    {
        ChildProcess child = new(work);
        child.Start();
        return child;
    }

    private static void Echo(Connection there)
    {
        try
        {
            while (true)
            {
                there.Send(there.Receive());
            }
        }
        catch (EndOfStreamException)
        {
        }
    }
}
