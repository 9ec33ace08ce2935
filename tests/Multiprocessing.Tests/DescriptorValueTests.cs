using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Multiprocessing.Tests;

/// <summary>Sockets and file handles: the receiver has its own descriptor for the same open thing.</summary>
public sealed class DescriptorValueTests
{
    [Fact]
    [Conformance(100)]
    public async Task A_socket_can_be_sent_and_used_by_the_receiver()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket accepted = await listener.AcceptAsync();
        await ChildProcess.RunAsync(() =>
        {
            accepted.Send("from the child"u8);
            accepted.Dispose();
        });
        byte[] buffer = new byte[100];
        int length = await client.ReceiveAsync(buffer);
        Assert.Equal("from the child"u8, buffer.AsSpan(0, length));
        accepted.Send("still open here"u8);
        Assert.Equal("still open here"u8.Length, await client.ReceiveAsync(buffer));
    }

    [Fact]
    public async Task A_file_handle_in_an_object_is_the_same_open_file()
    {
        string path = Path.GetTempFileName();
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            Named named = new("file", file, [file]);
            Assert.True(await ChildProcess.RunAsync(() =>
            {
                RandomAccess.Write(named.Handle, "written there"u8, 0);
                return ReferenceEquals(named.Handle, named.More[0]);
            }));
            Assert.Equal("written there", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_closed_handle_is_refused_where_it_is_sent()
    {
        SafeFileHandle file = File.OpenHandle("/dev/null");
        file.Dispose();
        WireWriter writer = new();
        Assert.Throws<ObjectDisposedException>(() => ValueSerializer.Write<object?>(writer, file, Subject.Message));
        Assert.Equal(0, writer.Descriptors.Length);
    }

    [Fact]
    public void A_refused_value_leaves_no_descriptor_attached()
    {
        using SafeFileHandle file = File.OpenHandle("/dev/null");
        using WireWriter writer = new();
        Assert.Throws<NotSerializableException>(() => ValueSerializer.Write<object?>(writer, new object[] { file, Stream.Null }, Subject.Message));
        Assert.Equal((0, 0), (writer.Descriptors.Length, writer.Length));
    }

    [Fact]
    public void A_stream_stays_refused() => Assert.Contains("open stream", Assert.Throws<NotSerializableException>(() => Message.Of(File.OpenRead("/dev/null"))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_message_that_speaks_of_descriptors_that_did_not_come_is_invalid()
    {
        Assert.Throws<InvalidDataException>(() => Message.Read([(byte)Tag.Socket]));
        Assert.Throws<InvalidDataException>(() => Message.Read([(byte)Tag.FileHandle]));
        Assert.Contains("not asked for", Assert.Throws<InvalidDataException>(() => Message.Read([(byte)Tag.FileHandle], typeof(string))).Message, StringComparison.Ordinal);
    }

    public sealed record Named(string Name, SafeFileHandle Handle, List<SafeFileHandle> More);
}
