using System.Buffers;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests.Messaging;

public sealed class LongMessageTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_531)]
    [InlineData(65_532)]
    [InlineData(65_533)]
    [InlineData(131_072)]
    [InlineData(1_000_000)]
    public void Any_length_arrives_whole(int length)
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            byte[] sent = new byte[length];
            Random.Shared.NextBytes(sent);
            left.SendBytes(sent);
            left.SendBytes(sent);
            left.Send(sent);
            Assert.Equal(sent, right.ReceiveBytes());
            using (IMemoryOwner<byte> view = right.ReceiveView())
            {
                Assert.Equal(sent, view.Memory.Span);
            }

            Assert.Equal(sent, right.Receive<byte[]>());
        }
    }

    [Fact]
    public async Task Long_values_are_written_where_they_are_read()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            double[] numbers = [.. Enumerable.Range(0, 500_000).Select(i => i / 3.0)];
            string text = new('x', 300_000);
            List<string> words = [.. Enumerable.Range(0, 30_000).Select(i => $"word {i}")];
            for (int i = 0; i < 3; i++)
            {
                left.Send(numbers);
                left.Send<object?[]>([1, text, numbers, null]);
                left.Send(words);
                left.Send(i);
                Assert.Throws<NotSerializableException>(() => left.Send<object?[]>([numbers, new MemoryStream()]));
                Assert.Equal(numbers, right.Receive<double[]>());
                Assert.Equal([1, text, numbers, null], right.Receive<object?[]>());
                Assert.Equal(words, right.Receive<List<string>>());
                Assert.Equal(i, right.Receive<int>());
                ValueTask send = left.SendAsync(words, TestContext.Current.CancellationToken);
                Assert.Equal(words, await right.ReceiveAsync<List<string>>(TestContext.Current.CancellationToken));
                await send;
                Assert.False(right.Poll());
            }

            right.Close();
            Assert.Throws<PosixException>(() => left.Send(numbers));
        }

        Assert.Equal(0, MappedBlocks());
    }

    [Fact]
    [Conformance(103)]
    public void Messages_of_16_MiB_pass_whole_through_an_echoing_child()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        using (ChildProcess echo = ChildProcess.Start(() => Echo(child)))
        {
            child.Close();
            byte[] sent = new byte[16 << 20];
            Random.Shared.NextBytes(sent);
            for (int i = 0; i < 4; i++)
            {
                parent.SendBytes(sent);
                Assert.Equal(sent, parent.ReceiveBytes());
            }

            parent.Close();
            Assert.True(echo.Join(s_patience));
            Assert.Equal(0, echo.ExitCode);
        }
    }

    [Fact]
    public void Both_sides_send_a_long_message_before_either_receives()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        using (ChildProcess<bool> other = ChildProcess.Start(() => Exchange(child)))
        {
            child.Close();
            Assert.True(Exchange(parent));
            Assert.True(other.Result.Wait(s_patience) && other.Result.Result);
        }
    }

    [Fact]
    public async Task A_sender_waits_while_too_much_is_unreceived_and_goes_on_when_it_is_received()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            byte[] bytes = new byte[32 << 20];
            int sent = 0;
            Task sender = Task.Run(() =>
            {
                for (int i = 0; i < 12; i++)
                {
                    bytes[0] = (byte)i;
                    left.SendBytes(bytes);
                    Volatile.Write(ref sent, i + 1);
                }
            });
            Assert.NotSame(sender, await Task.WhenAny(sender, Task.Delay(500)));
            Assert.InRange(Volatile.Read(ref sent), 1, 64 / 32);
            for (int i = 0; i < 12; i++)
            {
                using IMemoryOwner<byte> view = right.ReceiveView();
                Assert.Equal(i, view.Memory.Span[0]);
            }

            await sender.WaitAsync(s_patience);
        }
    }

    [Fact]
    public void Views_may_be_kept_while_more_come_and_stay_as_they_are()
    {
        (Connection left, Connection right) = Pipe.Create();
        List<IMemoryOwner<byte>> views = [];
        byte[] bytes = new byte[16 << 20];
        using (left)
        using (right)
        {
            for (int i = 0; i < 20; i++)
            {
                Array.Fill(bytes, (byte)i);
                left.SendBytes(bytes);
                views.Add(right.ReceiveView());
            }
        }

        for (int i = 0; i < views.Count; i++)
        {
            Assert.Equal(bytes.Length, views[i].Memory.Length);
            Assert.Equal(-1, views[i].Memory.Span.IndexOfAnyExcept((byte)i));
            views[i].Dispose();
            Assert.Throws<ObjectDisposedException>(() => views[i].Memory);
        }
    }

    [Fact]
    public void Memory_is_used_again()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            byte[] bytes = new byte[1 << 20];
            for (int i = 0; i < 300; i++)
            {
                left.SendBytes(bytes);
                right.ReceiveView().Dispose();
            }

            Assert.Equal(2, MappedBlocks()); // one block, mapped by both ends
        }

        Assert.Equal(0, MappedBlocks());
    }

    [Fact]
    public async Task A_view_outlives_its_sender()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        using (ChildProcess sender = ChildProcess.Start(() => SendAndDie(child)))
        {
            child.Close();
            using IMemoryOwner<byte> view = parent.ReceiveView();
            await sender.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(-9, sender.ExitCode);
            Assert.Equal(-1, view.Memory.Span.IndexOfAnyExcept((byte)5));
            Assert.Throws<EndOfStreamException>(() => parent.ReceiveView());
        }
    }

    [Fact]
    public void A_receiver_killed_with_a_view_gives_the_memory_back()
    {
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            byte[] bytes = new byte[1 << 20];
            for (int i = 0; i < 3; i++)
            {
                using ChildProcess receiver = ChildProcess.Start(() => ReceiveAndDie(right));
                left.SendBytes(bytes);
                Assert.True(receiver.Join(s_patience));
                Assert.Equal(-9, receiver.ExitCode);
            }

            Assert.Equal(1, MappedBlocks());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_sender_waits_for_any_of_the_views_that_are_kept_beyond_the_bound(bool mayHoard)
    {
        int length = mayHoard ? 1 << 30 : 16 << 20; // nothing is written, so they take no memory
        using BlockSender sender = new(mayHoard);
        Stack<SafeDescriptorHandle> leases = [];
        PendingSend pending = default;
        for (int i = 0; i < 4; i++)
        {
            Keep(sender.TryTake(length, ref pending)!, leases);
        }

        for (int i = 0; i < 3; i++)
        {
            Assert.Null(sender.TryTake(length, ref pending));
            SafeDescriptorHandle waitsFor = pending.Descriptor!;
            Assert.Equal(PollEvents.None, Os.Poll(waitsFor, pending.Events, TimeSpan.FromMilliseconds(20)));
            leases.Pop().Dispose(); // the youngest
            Assert.NotEqual(PollEvents.None, Os.Poll(waitsFor, pending.Events, s_patience));
            Keep(sender.TryTake(length, ref pending)!, leases);
        }

        while (leases.TryPop(out SafeDescriptorHandle? lease))
        {
            lease.Dispose();
        }
    }

    [Fact]
    public void No_more_messages_are_kept_than_descriptors_can_be_spared_for()
    {
        using BlockSender sender = new(mayHoard: true);
        Stack<SafeDescriptorHandle> leases = [];
        PendingSend pending = default;
        for (int i = 0; i < BlockSender.MostKept; i++)
        {
            Keep(sender.TryTake(1, ref pending)!, leases);
        }

        Assert.Null(sender.TryTake(1, ref pending));
        leases.Pop().Dispose();
        SharedBlock? next = sender.TryTake(1, ref pending);
        Assert.NotNull(next);
        next.Return();
        while (leases.TryPop(out SafeDescriptorHandle? lease))
        {
            lease.Dispose();
        }
    }

    [Fact]
    public void A_block_is_never_shorter_than_its_message()
    {
        foreach (int length in (int[])[1, 70_000, 1_900_000_000, Array.MaxLength - 100_000_000, Array.MaxLength - 1, Array.MaxLength])
        {
            using BlockSender sender = new(mayHoard: true);
            PendingSend pending = default;
            SharedBlock block = sender.TryTake(length, ref pending)!;
            Assert.InRange(block.Capacity, length, Array.MaxLength);
            block.Return();
        }
    }

    [Fact]
    public void Where_no_more_can_be_mapped_a_long_message_is_copied()
    {
        (Connection parent, Connection child) = Pipe.Create();
        using (parent)
        using (ChildProcess<int> receiver = ChildProcess.Start(() => ReceiveWithLittleAddressSpace(child)))
        {
            child.Close();
            byte[] bytes = new byte[64 << 20];
            bytes[^1] = 7;
            parent.SendBytes(bytes);
            Assert.True(receiver.Result.Wait(s_patience));
            Assert.Equal(7, receiver.Result.Result);
        }
    }

    [Fact]
    public void Memory_without_pages_is_not_copied()
    {
        using SafeDescriptorHandle file = Os.MemFdCreate("multiprocessing-test", MemFdFlags.AllowSealing);
        Os.Ftruncate(file, 2_000_000_000);
        Os.AddSeals(file, SealFlags.Shrink);
        (SafeDescriptorHandle lease, SafeDescriptorHandle end) = Os.SocketPair();
        using (lease)
        using (end)
        {
            long before = GC.GetTotalAllocatedBytes();
            Assert.Contains("never been written", Assert.Throws<InvalidDataException>(() => BlockReceiver.Copy(2_000_000_000, Os.Dup(file), Os.Dup(lease))).Message, StringComparison.Ordinal);
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 1_000_000_000);
            Os.Lseek(file, 0, SeekOrigin.Begin);
            Os.Write(file, "written"u8);
            using IMemoryOwner<byte> copy = BlockReceiver.Copy(7, Os.Dup(file), Os.Dup(lease));
            Assert.Equal("written"u8, copy.Memory.Span);
        }
    }

    private static void Keep(SharedBlock block, Stack<SafeDescriptorHandle> leases)
    {
        SafeDescriptorHandle lease = Os.Dup(block.Lease);
        Os.Shutdown(lease, ShutdownHow.Send);
        leases.Push(lease);
        block.Return();
    }

    private static int ReceiveWithLittleAddressSpace(Connection connection)
    {
        connection.Poll(Timeout.InfiniteTimeSpan);
        ResourceLimit before = Os.GetLimit(Resource.AddressSpace);
        long pages = long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Os.SetLimit(Resource.AddressSpace, before with { Soft = (pages * Environment.SystemPageSize) + (32 << 20) });
        using IMemoryOwner<byte> message = connection.ReceiveView();
        Os.SetLimit(Resource.AddressSpace, before);
        return message is ArrayView ? message.Memory.Span[^1] : -1;
    }

    private static int MappedBlocks() => File.ReadLines("/proc/self/maps").Count(line => line.Contains("/memfd:multiprocessing-message", StringComparison.Ordinal));

    private static void SendAndDie(Connection connection)
    {
        byte[] bytes = new byte[1 << 20];
        Array.Fill(bytes, (byte)5);
        connection.SendBytes(bytes);
        Os.Kill(Os.GetPid(), Signal.Kill);
    }

    private static void ReceiveAndDie(Connection connection)
    {
        connection.ReceiveView();
        Os.Kill(Os.GetPid(), Signal.Kill);
    }

    private static void Echo(Connection connection)
    {
        try
        {
            while (true)
            {
                using IMemoryOwner<byte> view = connection.ReceiveView();
                connection.SendBytes(view.Memory.Span);
            }
        }
        catch (EndOfStreamException)
        {
            // The parent has enough.
        }
    }

    private static bool Exchange(Connection connection)
    {
        byte[] bytes = new byte[64 << 20];
        Array.Fill(bytes, (byte)3);
        for (int i = 0; i < 3; i++)
        {
            connection.SendBytes(bytes);
            using IMemoryOwner<byte> view = connection.ReceiveView();
            if (view.Memory.Length != bytes.Length || view.Memory.Span.IndexOfAnyExcept((byte)3) >= 0)
            {
                return false;
            }
        }

        return true;
    }
}
