using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests.Messaging;

public sealed class ConnectionCrossingTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    [Conformance(21)]
    public void A_grandchild_answers_through_a_connection_that_came_down_to_it()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        using (ChildProcess first = ChildProcess.Start(() => ChildProcess.Start(() => child.Send(ProcessIdentityOf())).Join()))
        {
            child.Close();
            Assert.NotEqual(first.Pid, parent.Receive<int>());
            Assert.Throws<EndOfStreamException>(() => parent.Receive());
            Assert.True(first.Join(s_patience));
        }
    }

    private static int ProcessIdentityOf() => Environment.ProcessId;

    [Fact]
    [Conformance(97)]
    public void The_parents_copy_may_be_closed_right_after_the_start()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        {
            ChildProcess process = new((Action<Connection>)Hello, args: [child]);
            process.Start();
            child.Close();
            Assert.Equal("hello", parent.Receive<string>());
            Assert.Throws<EndOfStreamException>(() => parent.Receive());
            process.Join();
            process.Close();
        }
    }

    private static void Hello(Connection connection) => connection.Send("hello");

    [Fact]
    [Conformance(23)]
    public void A_subclass_talks_in_Run_over_a_connection_among_its_fields()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        using (Talker talker = new(child))
        {
            talker.Start();
            child.Close();
            parent.Send(20);
            Assert.Equal(21, parent.Receive<int>());
            talker.Join();
        }
    }

    private sealed class Talker(Connection connection) : ChildProcess
    {
        protected override void Run() => connection.Send(connection.Receive<int>() + 1);
    }

    [Fact]
    [Conformance(99)]
    public void A_connection_built_on_what_is_no_socket_is_an_error()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        (Connection left, Connection right) = Pipe.Create();
        (SafeDescriptorHandle stream, SafeDescriptorHandle other) = Os.SocketPair();
        using (left)
        using (right)
        using (stream)
        using (other)
        {
            Assert.Throws<PosixException>(() => new LocalTransport(Os.Dup(file)));
            Assert.Throws<PosixException>(() => new LocalTransport(new SafeDescriptorHandle(1_000_000)));
            Assert.Throws<PosixException>(() => new LocalTransport(Os.Dup(stream)));
            PendingSend pending = default;
            WireWriter writer = new();
            ValueSerializer.Write(writer, left, Subject.Message);
            Assert.True(left.Transport.TrySend(MessageKind.Value, writer.Written, [file], ref pending));
            Assert.True(left.Transport.TrySend(MessageKind.Value, writer.Written, [], ref pending));
            Assert.Throws<InvalidDataException>(() => right.Receive<Connection>());
            Assert.Throws<InvalidDataException>(() => right.Receive<Connection>());
        }
    }

    [Fact]
    [Conformance(100, 101)]
    public void A_connection_goes_through_another_keeps_its_direction_and_may_be_closed_at_once()
    {
        (Connection left, Connection right) = Pipe.Create();
        (Connection reader, Connection writer) = Pipe.Create(duplex: false);
        using (left)
        using (right)
        {
            left.Send(reader);
            left.Send<object?[]>(["it", writer, 5]);
            reader.Close();
            writer.Close();
            using Connection receivedReader = right.Receive<Connection>();
            object?[] array = right.Receive<object?[]>();
            using Connection receivedWriter = Assert.IsType<Connection>(array[1]);
            Assert.True(receivedReader.CanReceive && !receivedReader.CanSend && !receivedWriter.CanReceive && receivedWriter.CanSend);
            Assert.Throws<InvalidOperationException>(() => receivedReader.Send(1));
            receivedWriter.Send("through");
            Assert.Equal("through", receivedReader.Receive<string>());
            receivedWriter.Close();
            Assert.Throws<EndOfStreamException>(() => receivedReader.Receive());
        }
    }

    [Fact]
    [Conformance(100)]
    public async Task Another_process_uses_a_connection_sent_to_it()
    {
        (Connection parent, Connection child) = Pipe.Create();
        (Connection left, Connection right) = Pipe.Create();
        using (parent)
        using (left)
        {
            Task<string> answer = ChildProcess.RunAsync(() =>
            {
                using Connection received = child.Receive<Connection>();
                received.Send("I am here");
                return received.Receive<string>();
            });
            child.Close();
            parent.Send(right);
            right.Close();
            Assert.Equal("I am here", left.Receive<string>());
            left.Send("so am I");
            Assert.Equal("so am I", await answer);
        }
    }

    [Fact]
    public void A_connection_that_nobody_received_is_closed_with_what_it_was_sent_through()
    {
        (Connection left, Connection right) = Pipe.Create();
        (Connection one, Connection other) = Pipe.Create();
        using (one)
        {
            using (left)
            using (right)
            {
                left.Send(other);
                left.Send([1, other, 2]);
                other.Close();
                Assert.Throws<InvalidDataException>(() => right.Receive<int>());
                Assert.False(one.Poll());
            }

            Assert.Throws<EndOfStreamException>(() => one.Receive());
        }
    }

    [Fact]
    [Conformance(100)]
    public async Task A_plain_socket_goes_through_a_connection()
    {
        (Connection parent, Connection child) = Pipe.Create();
        (Socket client, Socket server) = await ConnectedSockets();
        using Socket _ = client;
        using (parent)
        {
            Task write = ChildProcess.RunAsync(() =>
            {
                using SafeFileHandle handle = child.ReceiveHandle();
                using Socket socket = new(new SafeSocketHandle(handle.DangerousGetHandle(), ownsHandle: false));
                socket.Send("hello"u8);
            });
            parent.SendHandle(server.SafeHandle);
            server.Close();
            byte[] buffer = new byte[10];
            Assert.Equal(5, await client.ReceiveAsync(buffer, TestContext.Current.CancellationToken));
            await write;
            child.Close();
        }
    }

    [Fact]
    [Conformance(100)]
    public async Task A_connection_in_a_record_and_in_a_list_crosses_with_it()
    {
        (Connection parent, Connection child) = Pipe.Create();
        (Connection left, Connection right) = Pipe.Create();
        (Connection one, Connection other) = Pipe.Create();
        using (parent)
        using (left)
        using (one)
        {
            Route captured = new("captured", right, []);
            Task work = ChildProcess.RunAsync(() =>
            {
                captured.To.Send(captured.Name);
                Route received = child.Receive<Route>();
                received.To.Send(received.Name);
                received.More[0].Send(ReferenceEquals(received.To, received.More[0]));
            });
            child.Close();
            parent.Send(new Route("sent", other, [other]));
            right.Close();
            other.Close();
            Assert.Equal("captured", left.Receive<string>());
            Assert.Equal("sent", one.Receive<string>());
            Assert.True(one.Receive<bool>());
            await work;
            Assert.Throws<EndOfStreamException>(() => left.Receive());
            Assert.Throws<EndOfStreamException>(() => one.Receive());
        }
    }

    [Fact]
    [Conformance(100)]
    public async Task A_socket_in_a_value_goes_through_a_connection()
    {
        (Connection parent, Connection child) = Pipe.Create();
        (Socket client, Socket server) = await ConnectedSockets();
        using Socket _ = client;
        using (parent)
        {
            Task work = ChildProcess.RunAsync(() =>
            {
                using Socket first = child.Receive<Socket>();
                object?[] second = child.Receive<object?[]>();
                using Socket socket = (Socket)second[1]!;
                first.Send("one"u8);
                socket.Send("two"u8);
            });
            parent.Send(server);
            parent.Send<object?[]>(["it", server]);
            server.Close();
            child.Close();
            byte[] buffer = new byte[10];
            int length = 0;
            while (length < 6)
            {
                length += await client.ReceiveAsync(buffer.AsMemory(length), TestContext.Current.CancellationToken);
            }

            Assert.Equal("onetwo"u8, buffer.AsSpan(0, length));
            await work;
        }
    }

    [Fact]
    public void What_was_made_of_a_message_that_is_refused_is_closed_at_once()
    {
        (Connection left, Connection right) = Pipe.Create();
        (Connection one, Connection other) = Pipe.Create();
        using (left)
        using (right)
        using (one)
        {
            left.Send<object?[]>([other, 5]);
            other.Close();
            Assert.Throws<InvalidDataException>(() => right.Receive<Route>());
            Assert.True(one.Poll(s_patience));
            Assert.Throws<EndOfStreamException>(() => one.Receive());
        }
    }

    public sealed record Route(string Name, Connection To, List<Connection> More);

    [Fact]
    [Conformance(100, 101)]
    public async Task What_is_sent_without_a_thread_may_be_closed_at_once_though_it_waits()
    {
        (Connection left, Connection right) = Pipe.Create();
        (Connection one, Connection other) = Pipe.Create();
        (Connection spinningOne, Connection spinningOther) = Pipe.Create(new PipeOptions { SpinTime = TimeSpan.FromTicks(1) });
        using (left)
        using (right)
        using (one)
        using (spinningOne)
        {
            List<Task> sends = [];
            while (sends.TrueForAll(send => send.IsCompleted))
            {
                sends.Add(left.SendBytesAsync(new byte[50_000], TestContext.Current.CancellationToken).AsTask());
            }

            sends.Add(left.SendAsync(other, TestContext.Current.CancellationToken).AsTask());
            sends.Add(left.SendAsync(spinningOther, TestContext.Current.CancellationToken).AsTask());
            other.Close();
            spinningOther.Close();
            for (int i = 0; i < sends.Count - 2; i++)
            {
                right.ReceiveBytes();
            }

            using (Connection received = right.Receive<Connection>())
            using (Connection spinning = right.Receive<Connection>())
            {
                received.Send(1);
                Assert.Equal(1, one.Receive<int>());
                spinning.Send(2);
                Assert.Equal(2, spinningOne.Receive<int>());
            }

            await Task.WhenAll(sends);
            Assert.Throws<EndOfStreamException>(() => one.Receive()); // no copy is left here
            Assert.Throws<EndOfStreamException>(() => spinningOne.Receive());
        }
    }

    [Fact]
    [Conformance(102)]
    public async Task A_descriptor_sent_to_a_child_is_the_same_open_file()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        using (parent)
        {
            Task write = ChildProcess.RunAsync(() =>
            {
                using SafeFileHandle handle = child.ReceiveHandle();
                RandomAccess.Write(handle, "from the child"u8, 0);
            });
            parent.SendHandle(file);
            await write;
            byte[] buffer = new byte[100];
            Assert.Equal(14, Os.PRead(file, buffer, 0));
            child.Close();

            Assert.Throws<ArgumentException>(() => parent.SendHandle(new SafeDescriptorHandle(-1)));
            Assert.Throws<ArgumentNullException>(() => parent.SendHandle(null!));
        }
    }

    [Fact]
    [Conformance(102)]
    public void A_descriptor_where_data_came_is_an_error()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            left.SendBytes("data"u8);
            left.Send(1);
            Assert.Throws<InvalidDataException>(() => right.ReceiveHandle());
            Assert.Equal(1, right.Receive<int>());
        }
    }

    [Fact]
    [Conformance(130)]
    public async Task A_queue_goes_over_a_connection_to_another_process()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using ProcessQueue<string> queue = new();
        using (parent)
        {
            Task work = ChildProcess.RunAsync(() =>
            {
                using ProcessQueue<string> received = child.Receive<ProcessQueue<string>>();
                received.Put($"{received.Get()} and back");
            });
            child.Close();
            queue.Put("there");
            parent.Send(queue);
            await work;
            Assert.Equal("there and back", queue.Get());
        }
    }

    [Fact]
    public async Task A_child_gives_connections_and_queues_as_its_result()
    {
        object?[] result = await ChildProcess.RunAsync(() =>
        {
            (Connection left, Connection right) = Pipe.Create();
            ProcessQueue<int> numbers = new();
            left.Send("last words");
            numbers.Put(7);
            return new object?[] { right, numbers };
        });
        using Connection connection = (Connection)result[0]!;
        using ProcessQueue<int> queue = (ProcessQueue<int>)result[1]!;
        Assert.Equal("last words", connection.Receive<string>());
        Assert.Throws<EndOfStreamException>(() => connection.Receive());
        Assert.Equal(7, queue.Get());
    }

    private static async Task<(Socket Client, Socket Server)> ConnectedSockets()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen();
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);
        return (client, await listener.AcceptAsync(TestContext.Current.CancellationToken));
    }
}
