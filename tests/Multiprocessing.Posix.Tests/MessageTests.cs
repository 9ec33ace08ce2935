using System.Text;

namespace Multiprocessing.Posix.Tests;

public sealed class MessageTests
{
    private const int StreamSocket = 1;
    private const int PacketSocket = 5;

    [Theory]
    [InlineData(StreamSocket, 1)]
    [InlineData(StreamSocket, 2)]
    [InlineData(PacketSocket, 3)]
    [InlineData(StreamSocket, Os.MaxMessageDescriptors)]
    public void Descriptors_arrive_with_the_bytes_close_on_exec_and_the_sender_may_close_its_own_at_once(int type, int count)
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair(type);
        using (left)
        using (right)
        {
            (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
            using (read)
            {
                SafeDescriptorHandle[] sent = [.. Enumerable.Range(0, count).Select(_ => Os.Dup(write))];
                Assert.Equal(5, Os.SendMsg(left, "hello"u8, sent));
                Array.ForEach([.. sent, write], descriptor => descriptor.Dispose());

                byte[] buffer = new byte[100];
                using (ReceivedMessage message = Os.RecvMsg(right, buffer, count))
                {
                    Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, message.Count));
                    Assert.False(message.IsTruncated);
                    Assert.Null(message.Credentials);
                    Assert.Equal(count, message.Descriptors.Count);
                    Assert.All(message.Descriptors, descriptor => Assert.False(Os.GetInheritable(descriptor)));
                    Os.Write(message.Descriptors[^1], [42]);
                    Assert.Equal(1, Os.Read(read, buffer));
                    Assert.Equal(42, buffer[0]);
                }

                Assert.Equal(0, Os.Read(read, buffer)); // disposing has closed every copy
            }
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)] // alignment leaves room for the second
    [InlineData(30, 3)]
    [InlineData(253, 252)]
    public void More_descriptors_than_asked_for_are_an_error_and_all_closed(int count, int max)
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        using (left)
        using (right)
        {
            (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
            using (read)
            {
                Os.SendMsg(left, [1], [.. Enumerable.Repeat(write, count)]);
                write.Dispose();
                InvalidDataException failure = Assert.Throws<InvalidDataException>(() => Os.RecvMsg(right, new byte[10], max));
                Assert.StartsWith($"recvmsg: of the descriptors that came with the message not all could be taken: more than {max} came", failure.Message, StringComparison.Ordinal);
                Assert.Equal(0, Os.Read(read, new byte[1])); // no copy is left, here or under way
            }

            Os.SendMsg(left, [2], []);
            byte[] buffer = new byte[10];
            Assert.Equal(1, Os.RecvMsg(right, buffer, 0).Count);
            Assert.Equal(2, buffer[0]);
        }
    }

    [Fact]
    public void What_another_program_sends_is_received_and_the_other_way_round()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3 is not installed.");
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        using (left)
        {
            const string Script = """
                import os, socket
                s = socket.socket(fileno=3)
                data, fds, flags, _ = socket.recv_fds(s, 100, 10)
                os.write(fds[1], data + b' got ' + str(len(fds)).encode())
                r, w = os.pipe()
                os.write(w, b'through a pipe')
                socket.send_fds(s, [b'here'], [r, w, r])
                """;
            int pid;
            using (right)
            {
                pid = Os.PosixSpawn("/usr/bin/python3", ["python3", "-c", Script], options: new PosixSpawnOptions { Descriptors = new Dictionary<int, int> { [2] = 2, [3] = right.Number } });
            }

            (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
            using (read)
            using (write)
            using (SafeDescriptorHandle other = Os.EventFd())
            {
                Os.SendMsg(left, "two"u8, [other, write]);
                byte[] buffer = new byte[100];
                Assert.Equal("two got 2", Encoding.UTF8.GetString(buffer, 0, Os.Read(read, buffer)));
                using ReceivedMessage message = Os.RecvMsg(left, buffer);
                Assert.Equal("here", Encoding.UTF8.GetString(buffer, 0, message.Count));
                Assert.Equal(3, message.Descriptors.Count);
                Assert.Equal("through a pipe", Encoding.UTF8.GetString(buffer, 0, Os.Read(message.Descriptors[2], buffer)));
            }

            Assert.Equal(0, Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Status.ToExitCode());
        }
    }

    [Fact]
    public void A_message_says_who_sent_it_if_asked_and_a_socket_who_is_at_its_other_end()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        using (left)
        using (right)
        {
            PeerCredentials peer = Os.GetPeerCredentials(left);
            Assert.Equal(Os.GetPid(), peer.Pid);
            Assert.Equal(File.ReadLines("/proc/self/status").Single(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2], $"{peer.Uid}");
            Assert.Equal(File.ReadLines("/proc/self/status").Single(line => line.StartsWith("Gid:", StringComparison.Ordinal)).Split('\t')[2], $"{peer.Gid}");

            Os.SetPassCredentials(right, true);
            int pid = Os.PosixSpawn("/bin/sh", ["sh", "-c", "printf x"], options: new PosixSpawnOptions { Descriptors = new Dictionary<int, int> { [1] = left.Number } });
            using (ReceivedMessage message = Os.RecvMsg(right, new byte[10], 0))
            {
                Assert.Equal(peer with { Pid = pid }, message.Credentials);
            }

            Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited);

            // Beside each other, at the greatest number.
            using SafeDescriptorHandle counter = Os.EventFd();
            Os.SendMsg(left, [1], [.. Enumerable.Repeat(counter, Os.MaxMessageDescriptors)]);
            using (ReceivedMessage message = Os.RecvMsg(right, new byte[10]))
            {
                Assert.Equal(peer, message.Credentials);
                Assert.Equal(Os.MaxMessageDescriptors, message.Descriptors.Count);
            }

            Os.SetPassCredentials(right, false);
            Os.SendMsg(left, [1], []);
            Assert.Null(Os.RecvMsg(right, new byte[10], 0).Credentials);
        }
    }

    [Fact]
    public void A_packet_longer_than_the_buffer_says_that_it_was_cut()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair(PacketSocket);
        using (left)
        using (right)
        {
            Os.SendMsg(left, "123456"u8, []);
            using ReceivedMessage message = Os.RecvMsg(right, new byte[4]);
            Assert.Equal((4, true), (message.Count, message.IsTruncated));
            Assert.Equal(11, Assert.Throws<PosixException>(() => Os.RecvMsg(right, new byte[4], 0, MessageFlags.DontWait)).Errno);
        }
    }

    [Fact]
    public void What_could_not_be_sent_whole_is_refused_before_anything_is_sent()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        using (left)
        using (right)
        {
            Assert.Throws<ArgumentException>(() => Os.SendMsg(left, [], [left]));
            Assert.Throws<ArgumentException>(() => Os.SendMsg(left, [1], [.. Enumerable.Repeat(left, Os.MaxMessageDescriptors + 1)]));
            Assert.Throws<ArgumentNullException>(() => Os.SendMsg(left, [1], [left, null!]));
            SafeDescriptorHandle closed = Os.EventFd();
            closed.Dispose();
            Assert.Throws<ObjectDisposedException>(() => Os.SendMsg(left, [1], [left, closed]));
            Assert.Equal(9, Assert.Throws<PosixException>(() => Os.SendMsg(left, [1], [new SafeDescriptorHandle(900, ownsHandle: false)])).Errno);
            Assert.Equal(11, Assert.Throws<PosixException>(() => Os.RecvMsg(right, new byte[1], 0, MessageFlags.DontWait)).Errno);
            Assert.Throws<ArgumentException>(() => Os.RecvMsg(right, []));
            Assert.Throws<ArgumentOutOfRangeException>(() => Os.RecvMsg(right, new byte[1], -1));
            Assert.Throws<ArgumentOutOfRangeException>(() => Os.RecvMsg(right, new byte[1], Os.MaxMessageDescriptors + 1));
        }
    }

    [Fact]
    public void Tries_send_two_buffers_as_one_packet_and_say_when_they_would_wait()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair(PacketSocket);
        using (right)
        {
            using (left)
            using (SafeDescriptorHandle counter = Os.EventFd())
            {
                byte[] buffer = new byte[100];
                Assert.False(Os.TryRecvMsg(right, buffer, out _));
                Assert.True(Os.TrySendMsg(left, "one "u8, "two"u8, [counter], out int sent));
                Assert.Equal(7, sent);
                Assert.True(Os.TrySendMsg(left, "one "u8, [], [], out sent));
                Assert.Equal(4, sent);
                Assert.True(Os.TryRecvMsg(right, buffer, out ReceivedMessage message));
                using (message)
                {
                    Assert.Equal("one two"u8, buffer.AsSpan(0, message.Count));
                    Os.EventFdWrite(Assert.Single(message.Descriptors), 3);
                    Assert.Equal(3u, Os.EventFdRead(counter));
                }

                Assert.True(Os.TryRecvMsg(right, buffer, out message));
                Assert.Equal((4, 0), (message.Count, message.Descriptors.Count));
                Assert.Throws<ArgumentException>(() => Os.TrySendMsg(left, [], "two"u8, [counter], out _));
                Assert.Equal(90, Assert.Throws<PosixException>(() => Os.TrySendMsg(left, new byte[100_000], new byte[900_000], [], out _)).Errno); // EMSGSIZE

                int packets = 0;
                while (Os.TrySendMsg(left, new byte[1_000], new byte[1_000], [], out _))
                {
                    packets++;
                }

                Assert.InRange(packets, 1, 10_000);
                for (int i = 0; i < packets; i++)
                {
                    Assert.True(Os.TryRecvMsg(right, new byte[2_000], out message));
                    Assert.Equal((2_000, false), (message.Count, message.IsTruncated));
                }

                Assert.False(Os.TryRecvMsg(right, buffer, out _));
                Os.SendMsg(left, [1], [counter]);
                Assert.Throws<InvalidDataException>(() => Os.TryRecvMsg(right, buffer, out _, maxDescriptors: 0));
            }

            Assert.True(Os.TryRecvMsg(right, new byte[1], out ReceivedMessage end));
            Assert.Equal(0, end.Count);
            Assert.Equal(32, Assert.Throws<PosixException>(() => Os.TrySendMsg(right, [1], [], [], out _)).Errno); // EPIPE
        }
    }

    [Fact]
    public void A_try_to_send_says_when_it_would_wait()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        using (right)
        {
            using (left)
            {
                Assert.True(Os.TrySend(left, "hello"u8, out int sent));
                Assert.Equal(5, sent);
                long all = sent;
                byte[] bytes = new byte[100_000];
                while (Os.TrySend(left, bytes, out sent))
                {
                    all += sent; // the last may be a part
                }

                for (long received = 0; received < all;)
                {
                    received += Os.Receive(right, bytes);
                }

                Assert.True(Os.TrySend(left, [1], out _));
            }

            Assert.Equal(32, Assert.Throws<PosixException>(() => Os.TrySend(right, [1], out _)).Errno); // EPIPE
        }
    }

    [Theory]
    [InlineData(StreamSocket)]
    [InlineData(2)]
    [InlineData(PacketSocket)]
    public void A_socket_tells_its_type_and_what_is_none_is_an_error(int type)
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair(type);
        using (left)
        using (right)
        using (SafeDescriptorHandle counter = Os.EventFd())
        {
            Assert.Equal(type, Os.GetSocketType(left));
            Assert.Equal(88, Assert.Throws<PosixException>(() => Os.GetSocketType(counter)).Errno); // ENOTSOCK
        }
    }

    [Fact]
    public void Reading_from_a_place_leaves_the_files_position_alone_and_holes_take_nothing()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test");
        Assert.Equal(0, Os.GetAllocatedLength(file));
        Os.Write(file, "0123456789"u8);
        byte[] buffer = new byte[4];
        Assert.Equal(4, Os.PRead(file, buffer, 3));
        Assert.Equal("3456"u8, buffer);
        Assert.Equal(2, Os.PRead(file, buffer, 8));
        Assert.Equal(0, Os.PRead(file, buffer, 10));
        Assert.Equal(10, Os.Lseek(file, 0, SeekOrigin.Current));
        Assert.Equal(22, Assert.Throws<PosixException>(() => Os.PRead(file, new byte[1], -1)).Errno); // EINVAL
        long allocated = Os.GetAllocatedLength(file);
        Assert.InRange(allocated, 10, 4 << 20); // a page, which may be a huge one
        Os.Ftruncate(file, 1L << 32);
        Assert.Equal(allocated, Os.GetAllocatedLength(file));
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        using (read)
        using (write)
        {
            Assert.Equal(29, Assert.Throws<PosixException>(() => Os.PRead(read, new byte[1], 0)).Errno); // ESPIPE
        }
    }

    [Fact]
    public void A_direction_that_was_ended_reads_to_its_end_while_the_other_goes_on()
    {
        (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
        using (left)
        using (right)
        {
            Os.Send(left, [1]);
            Os.Shutdown(left, ShutdownHow.Send);
            Assert.Equal(1, Os.Receive(right, new byte[10]));
            Assert.Equal(0, Os.Receive(right, new byte[10]));
            Assert.Equal(0, Os.RecvMsg(right, new byte[10]).Count);
            Os.Send(right, [2]);
            Assert.Equal(1, Os.Receive(left, new byte[10]));
            Assert.Equal(32, Assert.Throws<PosixException>(() => Os.SendMsg(left, [1], [])).Errno); // EPIPE, and no signal
        }
    }
}
