using System.Buffers;
using System.Buffers.Binary;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests.Messaging;

/// <summary>What a sender may make this process do, and what bytes that are no message do to it.</summary>
public sealed class TrustTests
{
    private const uint Nobody = 65534;

    private static readonly ChildProcessOptions s_nobody = new() { User = new ChildUser(Nobody, Nobody) };

    public sealed record Parcel(string Name, int Weight);

    [Fact]
    public async Task A_child_of_another_user_may_name_the_types_that_are_asked_for_or_allowed_and_no_others()
    {
        Assert.SkipUnless(Os.GetUid() == 0, "Only root can run a child as somebody else.");
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        {
            await ChildProcess.RunAsync(() => SendParcels(child), s_nobody);
            child.Close();
            Assert.Equal(42, parent.Receive<int>());
            Assert.Equal("text", parent.Receive());
            Assert.Equal(new Parcel("a", 1), parent.Receive<Parcel>());
            Assert.Throws<InvalidDataException>(() => parent.Receive());
            Assert.Throws<InvalidDataException>(() => parent.Receive<object?[]>());
            parent.AllowType<Parcel>();
            Assert.Equal(new Parcel("d", 4), parent.Receive());
            Assert.Equal("end", parent.Receive<string>());
        }
    }

    [Fact]
    public async Task A_child_that_changes_its_user_by_itself_is_found_out_at_its_next_message()
    {
        Assert.SkipUnless(Os.GetUid() == 0, "Only root can run a child as somebody else.");
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        {
            await ChildProcess.RunAsync(() =>
            {
                child.Send(new Parcel("a", 1));
                Os.SetResGid(Nobody, Nobody, Nobody);
                Os.SetResUid(Nobody, Nobody, Nobody);
                child.Send(new Parcel("b", 2));
                child.Send(3);
            });
            child.Close();
            Assert.Equal(new Parcel("a", 1), parent.Receive());
            Assert.Throws<InvalidDataException>(() => parent.Receive());
            Assert.Equal(3, parent.Receive<int>());
        }
    }

    [Fact]
    public async Task Long_messages_of_another_user_are_copied()
    {
        Assert.SkipUnless(Os.GetUid() == 0, "Only root can run a child as somebody else.");
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        {
            byte[] bytes = new byte[1_000_000];
            Array.Fill(bytes, (byte)9);
            await ChildProcess.RunAsync(() => child.SendBytes(bytes), s_nobody);
            child.Close();
            using IMemoryOwner<byte> view = parent.ReceiveView();
            Assert.Equal(bytes, view.Memory.Span);
            Assert.DoesNotContain(File.ReadLines("/proc/self/maps"), line => line.Contains("multiprocessing-message", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void What_a_connection_calls_untrusted_names_no_types_whoever_sent_it()
    {
        (LocalTransport left, LocalTransport right) = LocalTransport.CreatePair();
        using Connection sender = new(left, canReceive: true, canSend: true, isTrustedPeer: true);
        using Connection receiver = new(right, canReceive: true, canSend: true, isTrustedPeer: false);
        sender.Send(new Parcel("a", 1));
        sender.Send(new Parcel("b", 2));
        sender.Send(3);
        Assert.Throws<InvalidDataException>(() => receiver.Receive());
        Assert.Equal(new Parcel("b", 2), receiver.Receive<Parcel>());
        Assert.Equal(3, receiver.Receive());
    }

    [Fact]
    public void Packets_that_are_no_messages_are_dropped_with_an_exception_and_the_connection_goes_on()
    {
        (SafeDescriptorHandle raw, SafeDescriptorHandle other) = Os.SocketPair(5);
        using (raw)
        using (Connection connection = new(new LocalTransport(other), canReceive: true, canSend: true, isTrustedPeer: true))
        using (SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test", MemFdFlags.AllowSealing))
        {
            Random random = new(1);
            int refused = 0;
            for (int i = 0; i < 3_000; i++)
            {
                byte[] packet = new byte[1 + random.Next(40)];
                random.NextBytes(packet);
                if (i % 2 == 0 && packet.Length > 4)
                {
                    (packet[0], packet[1], packet[2]) = (1, (byte)random.Next(4), (byte)random.Next(3)); // a good beginning
                }

                SafeDescriptorHandle[] descriptors = [.. Enumerable.Repeat(file, random.Next(4))];
                Os.SendMsg(raw, packet, descriptors);
                try
                {
                    connection.ReceiveView().Dispose();
                }
                catch (InvalidDataException)
                {
                    refused++;
                }
            }

            Assert.InRange(refused, 2_000, 2_999); // some are bytes
            Os.SendMsg(raw, [1, 2, 0, 0, 7], []);
            Assert.Equal([7], connection.ReceiveBytes());
        }
    }

    [Theory]
    [InlineData(100, true, 101)] // longer than the memory
    [InlineData(100, false, 50)] // memory that could become shorter
    [InlineData(0, true, 0)]
    [InlineData(100, true, int.MaxValue)]
    [InlineData(100, true, -1)]
    public void Memory_that_is_too_short_or_could_become_so_is_refused(int there, bool sealing, int length)
    {
        (SafeDescriptorHandle raw, SafeDescriptorHandle other) = Os.SocketPair(5);
        (SafeDescriptorHandle lease, SafeDescriptorHandle leaseEnd) = Os.SocketPair();
        using (raw)
        using (Connection connection = new(new LocalTransport(other), canReceive: true, canSend: true, isTrustedPeer: true))
        using (SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test", MemFdFlags.AllowSealing))
        using (lease)
        using (leaseEnd)
        {
            Os.Ftruncate(file, there);
            if (sealing)
            {
                Os.AddSeals(file, SealFlags.Shrink);
            }

            byte[] packet = new byte[20];
            (packet[0], packet[1], packet[2]) = (1, 2, 1);
            BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(12), length);
            for (int i = 0; i < 3; i++)
            {
                Os.SendMsg(raw, packet, [file, lease]);
                Assert.Throws<InvalidDataException>(() => connection.ReceiveView());
            }

            Os.SendMsg(raw, [1, 2, 0, 0, 7], []);
            Assert.Equal([7], connection.ReceiveBytes());
        }
    }

    [Fact]
    public void What_is_written_to_a_message_while_it_is_read_changes_no_value()
    {
        (SafeDescriptorHandle raw, SafeDescriptorHandle other) = Os.SocketPair(5);
        (SafeDescriptorHandle lease, SafeDescriptorHandle leaseEnd) = Os.SocketPair();
        using (raw)
        using (Connection connection = new(new LocalTransport(other), canReceive: true, canSend: true, isTrustedPeer: true))
        using (SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test", MemFdFlags.AllowSealing))
        using (lease)
        using (leaseEnd)
        using (WireWriter writer = new())
        {
            ValueSerializer.Write<object?[]>(writer, [new Meddler { Number = 1 }, new Parcel("a", 5)], Subject.Message);
            byte[] body = writer.Written.ToArray();
            Os.Ftruncate(file, body.Length);
            Os.AddSeals(file, SealFlags.Shrink);
            using SafeMappedMemoryHandle memory = Os.Mmap(file, body.Length, MemoryProtection.Read | MemoryProtection.Write, MapFlags.Shared);
            body.CopyTo(memory.AsSpan());
            byte[] packet = new byte[20];
            (packet[0], packet[1], packet[2]) = (1, 1, 1);
            BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(12), body.Length);
            int meddled = 0;
            Meddler.OnRead = () =>
            {
                meddled++;
                memory.AsSpan().Fill(0xFF);
            };
            try
            {
                Os.SendMsg(raw, packet, [file, lease]);
                object?[] received = connection.Receive<object?[]>();
                Assert.Equal(new Parcel("a", 5), received[1]);
                Assert.Equal(1, meddled);
            }
            finally
            {
                Meddler.OnRead = null;
            }
        }
    }

    [Fact]
    public void Arrays_of_numbers_in_shared_memory_are_read_with_the_same_care()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            int[] numbers = [.. Enumerable.Range(0, 100_000)];
            left.Send(numbers);
            Assert.Equal(numbers, right.Receive<int[]>());
            left.Send(numbers);
            Assert.Throws<InvalidDataException>(() => right.Receive<long[]>());
            left.Send(numbers);
            Assert.Equal(numbers, right.Receive());
            left.Send<object?>(numbers);
            Assert.Equal(numbers, right.Receive<int[]>());
            left.Send(new bool[100_000]);
            Assert.Equal(new bool[100_000], right.Receive<bool[]>());
            left.Send(new string('x', 100_000));
            Assert.Throws<InvalidDataException>(() => right.Receive<int[]>());
            left.Send(1);
            Assert.Equal(1, right.Receive<int>());
        }
    }

    public sealed class Meddler
    {
        internal static Action? OnRead { get; set; }

        public int Number
        {
            get;
            set
            {
                field = value;
                OnRead?.Invoke();
            }
        }
    }

    private static void SendParcels(Connection connection)
    {
        connection.Send(42);
        connection.Send("text");
        connection.Send(new Parcel("a", 1));
        connection.Send(new Parcel("b", 2));
        connection.Send<object?[]>([new Parcel("c", 3)]);
        connection.Send(new Parcel("d", 4));
        connection.Send("end");
        connection.Close();
    }
}
