using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Addresses, accepting and closing; clients are other processes where that matters.</summary>
public sealed class ListenerTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Addresses => ["unix:PATH", "unix:@NAME", "tcp:127.0.0.1:0", "tcp:[::1]:0", "tcp:localhost:0"];

    [Fact]
    [Conformance(108)]
    public async Task A_listener_without_an_address_picks_one_to_which_a_client_connects()
    {
        using ConnectionListener listener = new();
        using ConnectionListener other = new();
        Assert.NotEqual(listener.Address, other.Address);
        Assert.Equal("hello back", await Greet(listener));
    }

    [Theory]
    [MemberData(nameof(Addresses))]
    [Conformance(109, 114)]
    public async Task Each_kind_of_address_works_for_a_client_in_another_process(string kind)
    {
        string address = Make(kind);
        using ConnectionListener listener = new(address);
        if (kind.StartsWith("tcp", StringComparison.Ordinal))
        {
            Assert.Matches($"^{System.Text.RegularExpressions.Regex.Escape(kind[..^1])}[1-9][0-9]*$", listener.Address);
        }
        else
        {
            Assert.Equal(address, listener.Address);
        }

        Assert.Equal("hello back", await Greet(listener));
    }

    [Fact]
    public void A_path_is_the_same_for_every_process()
    {
        string name = $"{Guid.NewGuid():N}";
        using ConnectionListener listener = new($"unix:{name}");
        Assert.Equal($"unix:{Path.Combine(Environment.CurrentDirectory, name)}", listener.Address);
    }

    [Fact]
    [Conformance(116)]
    public void The_file_of_a_listener_is_of_its_user_alone_from_the_first_instant_and_goes_with_it()
    {
        string path = Make("unix:PATH")["unix:".Length..];
        int mask = Os.Umask(0);
        try
        {
            using ConnectionListener listener = new($"unix:{path}");
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }
        finally
        {
            Assert.Equal(0, Os.Umask(mask));
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_file_that_is_another_by_now_stays()
    {
        string path = Make("unix:PATH")["unix:".Length..];
        using (ConnectionListener listener = new($"unix:{path}"))
        {
            File.Move(path, $"{path}-moved");
            File.WriteAllText(path, "another");
        }

        Assert.Equal("another", File.ReadAllText(path));
        File.Delete(path);
        File.Delete($"{path}-moved");
    }

    [Theory]
    [InlineData("unix:PATH", "somebody listens there")]
    [InlineData("unix:@NAME", "another socket has this name")]
    [InlineData("tcp:127.0.0.1:0", "another socket has this port")]
    [Conformance(110)]
    public void An_address_in_use_is_an_error_that_says_so(string kind, string words)
    {
        using ConnectionListener listener = new(Make(kind));
        PosixException exception = Assert.Throws<PosixException>(() => new ConnectionListener(listener.Address));
        Assert.Equal((ErrorNumber.EADDRINUSE, "bind"), (exception.Errno, exception.Call));
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance(110)]
    public void A_file_left_by_a_listener_that_was_killed_is_an_error_that_says_so()
    {
        string path = Make("unix:PATH")["unix:".Length..];
        using (ChildProcess child = ChildProcess.Start(() =>
        {
            using ConnectionListener killed = new($"unix:{path}");
            Os.Kill(Os.GetPid(), Signal.Kill);
        }))
        {
            child.Join();
        }

        Assert.Contains("nobody listens there", Assert.Throws<PosixException>(() => new ConnectionListener($"unix:{path}")).Message, StringComparison.Ordinal);
        File.Delete(path);
        new ConnectionListener($"unix:{path}").Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("/tmp/socket")]
    [InlineData("ipx:1:2")]
    [InlineData("unix:")]
    [InlineData("unix:@")]
    [InlineData("unix:/tmp/a\0b")]
    [InlineData("tcp:5000")]
    [InlineData("tcp::5000")]
    [InlineData("tcp:localhost")]
    [InlineData("tcp:localhost:65536")]
    [InlineData("tcp:localhost:-1")]
    [InlineData("tcp:::1:5000")]
    [InlineData("tcp:[localhost]:5000")]
    [Conformance(110)]
    public void What_is_no_address_is_an_error_that_says_what_one_is(string address)
    {
        Assert.Contains("unix:PATH", Assert.Throws<ArgumentException>(() => new ConnectionListener(address)).Message, StringComparison.Ordinal);
        Assert.Contains("tcp:HOST:PORT", Assert.Throws<ArgumentException>(() => Connection.Connect(address)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_too_long_for_a_socket_is_an_error_that_says_so() =>
        Assert.Contains("107 bytes", Assert.Throws<ArgumentException>(() => new ConnectionListener($"unix:/tmp/{new string('x', 107)}")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_backlog_of_nothing_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionListener(backlog: 0));

    [Fact]
    public async Task Nobody_to_connect_to_is_an_error_that_says_why()
    {
        string path = Make("unix:PATH");
        Assert.Equal(ErrorNumber.ENOENT, Assert.Throws<PosixException>(() => Connection.Connect(path)).Errno);
        Assert.Equal(ErrorNumber.ECONNREFUSED, Assert.Throws<PosixException>(() => Connection.Connect("unix:@nobody-is-there")).Errno);
        string closed;
        using (ConnectionListener listener = new("tcp:127.0.0.1:0"))
        {
            closed = listener.Address;
        }

        Assert.Equal(ErrorNumber.ECONNREFUSED, Assert.Throws<PosixException>(() => Connection.Connect(closed)).Errno);
        Assert.Equal(ErrorNumber.ECONNREFUSED, (await Assert.ThrowsAsync<PosixException>(async () => await Connection.ConnectAsync(closed, null, TestContext.Current.CancellationToken))).Errno);
        Assert.Equal(ErrorNumber.ENOENT, (await Assert.ThrowsAsync<PosixException>(async () => await Connection.ConnectAsync(path, null, TestContext.Current.CancellationToken))).Errno);
    }

    [Fact]
    [Conformance(111)]
    public async Task Accepting_on_a_closed_listener_is_an_error_also_for_those_who_wait()
    {
        ConnectionListener listener = new();
        Task<Connection> blocked = Task.Factory.StartNew(listener.Accept, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task<Connection> waiting = listener.AcceptAsync(TestContext.Current.CancellationToken).AsTask();
        listener.Dispose();
        listener.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => blocked.WaitAsync(s_soon));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(s_soon));
        Assert.Throws<ObjectDisposedException>(listener.Accept);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await listener.AcceptAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_cancelled_accept_loses_no_client()
    {
        using ConnectionListener listener = new();
        using CancellationTokenSource cancelled = new();
        Task<Connection> accept = listener.AcceptAsync(cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept);
        Assert.Equal("hello back", await Greet(listener));
    }

    [Theory]
    [InlineData("unix:@NAME", false)]
    [InlineData("unix:@NAME", true)]
    [InlineData("tcp:127.0.0.1:0", true)]
    [Conformance(112)]
    public void A_client_that_connected_sent_and_closed_before_the_accept_is_heard(string kind, bool hasKey)
    {
        byte[]? key = hasKey ? [1, 2, 3] : null;
        using ConnectionListener listener = new(Make(kind), key);
        using (Connection client = Connection.Connect(listener.Address, key))
        {
            client.Send("hello");
        }

        using Connection accepted = listener.Accept();
        Assert.Equal("hello", accepted.Receive<string>());
        Assert.Throws<EndOfStreamException>(() => accepted.Receive<string>());
    }

    [Theory]
    [InlineData("unix:@NAME")]
    [InlineData("tcp:127.0.0.1:0")]
    public async Task Many_clients_at_once_are_all_served_though_few_may_wait(string kind)
    {
        using ConnectionListener listener = new(Make(kind), backlog: 2);
        const int Clients = 40;
        string address = listener.Address;
        Task<int>[] clients = [.. Enumerable.Range(0, Clients).Select(i => Task.Run(async () =>
        {
            using Connection client = await Connection.ConnectAsync(address);
            await client.SendAsync(i);
            return await client.ReceiveAsync<int>();
        }))];
        for (int i = 0; i < Clients; i++)
        {
            using Connection accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);
            await accepted.SendAsync(await accepted.ReceiveAsync<int>(TestContext.Current.CancellationToken) + 1000, TestContext.Current.CancellationToken);
        }

        Assert.Equal(Enumerable.Range(1000, Clients), await Task.WhenAll(clients));
    }

    [Fact]
    public async Task Many_async_accepts_wait_each_for_a_client_of_its_own_or_the_end()
    {
        ConnectionListener listener = new();
        Task<Connection>[] accepts = [.. Enumerable.Range(0, 600).Select(_ => listener.AcceptAsync(TestContext.Current.CancellationToken).AsTask())];
        for (int i = 0; i < 3; i++)
        {
            using Connection client = Connection.Connect(listener.Address);
            using Connection accepted = await (await Task.WhenAny(accepts.Skip(i)).WaitAsync(s_soon, TestContext.Current.CancellationToken));
            accepted.Send("hello");
            Assert.Equal("hello", client.Receive<string>());
        }

        listener.Dispose();
        foreach (Task<Connection> accept in accepts.Skip(3))
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => accept.WaitAsync(s_soon));
        }
    }

    [Fact]
    public void Closing_a_listener_leaves_the_key_of_the_application_as_it_was()
    {
        byte[] key = ProcessIdentity.Current.AuthKey;
        new ConnectionListener("tcp:127.0.0.1:0").Dispose();
        Assert.Equal(key, ProcessIdentity.Current.AuthKey);
    }

    [Fact]
    [Conformance(253)]
    public void Accepting_goes_on_after_a_signal()
    {
        using ConnectionListener ours = new();
        string address = ours.Address;
        using ChildProcess child = ChildProcess.Start(() =>
        {
            using ConnectionListener listener = new();
            using Connection toParent = Connection.Connect(address);
            using IDisposable handler = Os.Handle(Signal.Usr1, _ => toParent.Send("signal"));
            toParent.Send(listener.Address);
            using Connection client = listener.Accept();
            client.Send("accepted");
        });
        using Connection fromChild = ours.Accept();
        string childs = fromChild.Receive<string>();
        for (int i = 0; i < 10; i++)
        {
            child.Send(Signal.Usr1);
            Assert.Equal("signal", fromChild.Receive<string>());
        }

        using Connection client = Connection.Connect(childs);
        Assert.Equal("accepted", client.Receive<string>());
        Assert.True(child.Join(s_soon));
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public async Task Too_many_descriptors_are_an_error_of_one_accept_and_the_client_is_taken_in_later()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            using ConnectionListener listener = new();
            Connection.Connect(listener.Address).Dispose();
            listener.Accept().Dispose(); // all that is made at first need is there
            Os.SetLimit(Resource.OpenFiles, new ResourceLimit(200, 200));
            using SafeDescriptorHandle client = Os.Socket(SocketFamily.Local, type: 5, nonBlocking: true);
            Stack<SafeDescriptorHandle> all = Fill(client);
            Os.Connect(client, new System.Net.Sockets.UnixDomainSocketEndPoint($"\0{listener.Address["unix:@".Length..]}"));
            Os.Send(client, new byte[RawPeer.AnswerLength]);
            string message = Assert.Throws<PosixException>(listener.Accept).Message;
            while (all.TryPop(out SafeDescriptorHandle? one))
            {
                one.Dispose();
            }

            using Connection accepted = listener.Accept();
            return message;
        });
        Assert.Equal("accept: Too many open files (EMFILE)", seen);
    }

    [Fact]
    public void A_listener_that_is_closed_closes_the_clients_that_nobody_accepted()
    {
        ConnectionListener listener = new();
        using Connection client = Connection.Connect(listener.Address);
        listener.Dispose();
        Assert.Throws<EndOfStreamException>(() => client.Receive<string>());
    }

    /// <returns>All the descriptors that this process may have.</returns>
    private static Stack<SafeDescriptorHandle> Fill(SafeDescriptorHandle one)
    {
        Stack<SafeDescriptorHandle> all = new();
        try
        {
            while (true)
            {
                all.Push(Os.Dup(one));
            }
        }
        catch (PosixException full) when (full.Errno == ErrorNumber.EMFILE)
        {
            return all;
        }
    }

    private static async Task<string> Greet(ConnectionListener listener)
    {
        string address = listener.Address;
        Task<string> child = ChildProcess.RunAsync(() =>
        {
            using Connection connection = Connection.Connect(address);
            connection.Send("hello");
            return connection.Receive<string>();
        });
        using Connection accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        Assert.True(accepted is { CanReceive: true, CanSend: true });
        accepted.Send($"{accepted.Receive<string>()} back");
        return await child;
    }

    private static string Make(string kind) => kind switch
    {
        "unix:PATH" => $"unix:{Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}"[..8])}",
        "unix:@NAME" => $"unix:@tests-{Guid.NewGuid():N}",
        _ => kind,
    };
}
