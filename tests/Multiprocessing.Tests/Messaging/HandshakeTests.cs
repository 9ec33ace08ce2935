using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using CsCheck;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Who is let in, and who finds out that a listener is none: wrong keys, attackers on raw sockets, silence and garbage.</summary>
public sealed class HandshakeTests
{
    private static readonly byte[] s_key = [.. "the key of these tests"u8];
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    public static TheoryData<bool> Families => [false, true];

    [Theory]
    [MemberData(nameof(Families))]
    [Conformance(257)]
    public void A_client_with_another_key_is_refused_and_the_listener_goes_on(bool tcp)
    {
        using ConnectionListener listener = Listen(tcp, s_key);
        ConnectionAuthenticationException exception = Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(listener.Address, [.. s_key, 0]));
        Assert.Contains("another key", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(listener.Address, []));
        AssertServes(listener, s_key);
    }

    [Theory]
    [MemberData(nameof(Families))]
    [Conformance(113)]
    public void An_empty_key_is_a_key(bool tcp)
    {
        using ConnectionListener listener = Listen(tcp, []);
        Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(listener.Address, [1]));
        using Socket raw = RawPeer.Connect(listener.Address);
        Assert.Equal(RawPeer.HasKey, RawPeer.Receive(raw, RawPeer.HelloLength)[16]);
        AssertServes(listener, []);
    }

    [Fact]
    public void A_key_on_one_side_only_is_an_error_that_says_on_which()
    {
        using ConnectionListener with = Listen(tcp: false, s_key);
        Assert.Contains("asks for a key", Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(with.Address)).Message, StringComparison.Ordinal);
        using ConnectionListener without = Listen(tcp: false, null);
        Assert.Contains("has no key", Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(without.Address, s_key)).Message, StringComparison.Ordinal);
        AssertServes(with, s_key);
        AssertServes(without, null);
    }

    [Fact]
    public void Without_a_key_those_who_only_knock_are_passed_over_as_well()
    {
        using ConnectionListener listener = Listen(tcp: false, null);
        using Socket silent = RawPeer.Connect(listener.Address);
        using Socket garbage = RawPeer.Connect(listener.Address);
        garbage.Send(new byte[RawPeer.AnswerLength + 1]);
        using Socket noise = RawPeer.Connect(listener.Address);
        noise.Send([1, .. new byte[RawPeer.AnswerLength - 1]]);
        RawPeer.Connect(listener.Address).Dispose();
        AssertServes(listener, null);
    }

    [Fact]
    public async Task Over_TCP_there_is_always_a_key_and_without_one_given_it_is_that_of_the_application()
    {
        using ConnectionListener listener = new("tcp:127.0.0.1:0");
        string address = listener.Address;
        Task<string> ofApplication = ChildProcess.RunAsync(() =>
        {
            using Connection client = Connection.Connect(address);
            return client.Receive<string>();
        });
        using Connection accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        accepted.Send("welcome");
        Assert.Equal("welcome", await ofApplication);
        string stranger = await ChildProcess.RunAsync(() =>
        {
            ChildProcess.Current.AuthKey = [1, 2, 3]; // as in another application
            return Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(address)).Message;
        });
        Assert.Contains("AuthKey", stranger, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Families))]
    [Conformance(115)]
    public void The_documented_handshake_is_the_one_that_is_spoken(bool tcp)
    {
        using ConnectionListener listener = Listen(tcp, s_key);
        using Socket raw = RawPeer.Connect(listener.Address);
        byte[] hello = RawPeer.Receive(raw, RawPeer.HelloLength);
        Assert.Equal(RawPeer.Hello(RawPeer.HasKey, "SHA256", hello[32..]), hello);
        byte[] answer = RawPeer.Answer(hello, s_key);
        raw.Send(answer);
        Assert.Equal(RawPeer.Verdict(hello, answer, s_key), RawPeer.Receive(raw, RawPeer.VerdictLength));
        using Connection accepted = listener.Accept();

        // Another client gets another challenge.
        using Socket second = RawPeer.Connect(listener.Address);
        Assert.NotEqual(hello, RawPeer.Receive(second, RawPeer.HelloLength));
    }

    [Theory]
    [InlineData("another key")]
    [InlineData("the listener's own challenge and no proof")]
    [InlineData("the proof of a listener")]
    [InlineData("the answer to another hello")]
    [InlineData("a proof of another challenge")]
    [InlineData("zeros")]
    public void An_answer_that_proves_nothing_is_refused_without_a_proof_in_return(string attack)
    {
        using ConnectionListener listener = Listen(tcp: true, s_key);
        using Socket raw = RawPeer.Connect(listener.Address);
        byte[] hello = RawPeer.Receive(raw, RawPeer.HelloLength);
        byte[] answer = attack switch
        {
            "another key" => RawPeer.Answer(hello, [1, 2, 3]),
            "the listener's own challenge and no proof" => [.. hello.AsSpan(32), .. new byte[64]],
            "the proof of a listener" => RawPeer.Answer(hello, s_key, prover: "listener"),
            "the answer to another hello" => RawPeer.Answer(RawPeer.Hello(RawPeer.HasKey, "SHA256"), s_key),
            "a proof of another challenge" => [.. new byte[32], .. RawPeer.Answer(hello, s_key).AsSpan(32)],
            _ => new byte[RawPeer.AnswerLength],
        };
        raw.Send(answer);
        Assert.Equal(new byte[RawPeer.VerdictLength], RawPeer.Receive(raw, RawPeer.VerdictLength));
        Assert.True(RawPeer.IsClosedByPeer(raw));
        AssertServes(listener, s_key);
    }

    [Fact]
    public void An_attacker_cannot_let_the_listener_prove_for_it()
    {
        // Two connections at once, each side's words sent to the other: a listener never makes the proof of a client.
        using ConnectionListener listener = Listen(tcp: true, s_key);
        using Socket first = RawPeer.Connect(listener.Address);
        using Socket second = RawPeer.Connect(listener.Address);
        byte[] firstHello = RawPeer.Receive(first, RawPeer.HelloLength);
        _ = RawPeer.Receive(second, RawPeer.HelloLength);
        second.Send([.. firstHello.AsSpan(32), .. new byte[64]]);
        byte[] verdict = RawPeer.Receive(second, RawPeer.VerdictLength);
        first.Send([.. firstHello.AsSpan(32), .. verdict.AsSpan(1)]);
        Assert.Equal(0, RawPeer.Receive(first, RawPeer.VerdictLength)[0]);
        AssertServes(listener, s_key);
    }

    [Theory]
    [InlineData("no key", true)]
    [InlineData("MD5", true)]
    [InlineData("SHA1", true)]
    [InlineData("", true)]
    [InlineData("no library", true)]
    [InlineData("no library", false)]
    [InlineData("refuses", true)]
    [InlineData("a welcome without a proof", true)]
    [InlineData("a welcome without a proof", false)]
    [InlineData("the client's own proof", true)]
    [InlineData("a proof with another key", true)]
    [InlineData("too long", false)]
    public async Task A_listener_that_is_none_is_found_out(string attack, bool tcp)
    {
        (Socket socket, string address) = RawPeer.Listen(tcp);
        using (socket)
        {
            Task<Connection> connecting = Task.Run(() => Connection.Connect(address, s_key));
            using Socket client = await socket.AcceptAsync(TestContext.Current.CancellationToken);
            client.ReceiveTimeout = 20_000;
            byte[] hello = attack switch
            {
                "no key" => RawPeer.Hello(RawPeer.NoKey, "SHA256"),
                "no library" => new byte[RawPeer.HelloLength],
                "refuses" => RawPeer.Hello(2, "SHA256"),
                "too long" => [.. RawPeer.Hello(RawPeer.HasKey, "SHA256"), 0],
                "MD5" or "SHA1" or "" => RawPeer.Hello(RawPeer.HasKey, attack),
                _ => RawPeer.Hello(RawPeer.HasKey, "SHA256"),
            };
            client.Send(hello);
            if (attack.StartsWith("a ", StringComparison.Ordinal) || attack.StartsWith("the ", StringComparison.Ordinal))
            {
                byte[] answer = RawPeer.Receive(client, RawPeer.AnswerLength);
                client.Send(attack switch
                {
                    "the client's own proof" => [1, .. answer.AsSpan(32)],
                    "a proof with another key" => RawPeer.Verdict(hello, answer, [1]),
                    _ => [1, .. new byte[64]],
                });
            }
            else
            {
                Assert.True(RawPeer.IsClosedByPeer(client), "A client sends a proof to somebody whose hello is not good enough.");
            }

            await Assert.ThrowsAsync<ConnectionAuthenticationException>(() => connecting.WaitAsync(s_soon));
        }
    }

    [Fact]
    public void A_longer_digest_may_be_asked_for_by_a_later_version()
    {
        (Socket socket, string address) = RawPeer.Listen(tcp: true);
        using (socket)
        {
            Task<Connection> connecting = Task.Run(() => Connection.Connect(address, s_key));
            using Socket client = socket.Accept();
            byte[] hello = RawPeer.Hello(RawPeer.HasKey, "SHA512");
            client.Send(hello);
            byte[] answer = RawPeer.Receive(client, RawPeer.AnswerLength);
            Assert.Equal(HMACSHA512.HashData(SHA512.HashData(s_key), (byte[])[.. "client"u8, .. hello, .. answer.AsSpan(0, 32)]), answer[32..]);
            client.Send([1, .. HMACSHA512.HashData(SHA512.HashData(s_key), (byte[])[.. "listener"u8, .. hello, .. answer])]);
            connecting.GetAwaiter().GetResult().Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    [TimeLimit(120)]
    public void Silent_clients_and_port_scans_hold_up_nobody(bool tcp)
    {
        using ConnectionListener listener = Listen(tcp, s_key);
        List<Socket> silent = [];
        for (int i = 0; i < 200; i++)
        {
            silent.Add(RawPeer.Connect(listener.Address));
            if (i % 3 == 0)
            {
                silent[^1].Send([1, 2, 3]); // and no more
            }

            if (i % 5 == 0)
            {
                silent[^1].Dispose();
            }
        }

        long start = Stopwatch.GetTimestamp();
        AssertServes(listener, s_key);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(4)); // less than the time a silent one has
        silent.ForEach(one => one.Dispose());
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_client_that_stays_silent_or_drips_is_sent_away_after_some_seconds(bool tcp)
    {
        using ConnectionListener listener = Listen(tcp, s_key);
        using Socket silent = RawPeer.Connect(listener.Address);
        using Socket dripping = RawPeer.Connect(listener.Address);
        RawPeer.Receive(silent, RawPeer.HelloLength);
        RawPeer.Receive(dripping, RawPeer.HelloLength);
        long start = Stopwatch.GetTimestamp();
        if (tcp)
        {
            Assert.Throws<SocketException>((Action)(() =>
            {
                while (Stopwatch.GetElapsedTime(start) < s_soon)
                {
                    dripping.Send([0]);
                    dripping.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead);
                }
            }));
        }

        Assert.True(RawPeer.IsClosedByPeer(silent));
        Assert.InRange(Stopwatch.GetElapsedTime(start), tcp ? TimeSpan.Zero : TimeSpan.FromSeconds(4), s_soon);
        AssertServes(listener, s_key);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Random_bytes_end_the_client_that_sent_them_and_nothing_else(bool tcp)
    {
        using ConnectionListener listener = Listen(tcp, s_key);
        Gen.Byte.Array[1, 300].Sample(
            bytes =>
            {
                using Socket raw = RawPeer.Connect(listener.Address);
                try
                {
                    raw.Send(bytes);
                    raw.Shutdown(SocketShutdown.Send);
                    byte[] heard = RawPeer.Receive(raw, RawPeer.HelloLength + RawPeer.VerdictLength + 1);
                    return heard.Length <= RawPeer.HelloLength || heard.AsSpan(RawPeer.HelloLength).IndexOfAnyExcept((byte)0) < 0;
                }
                catch (SocketException)
                {
                    return true; // closed before we could say all
                }
            },
            iter: 2000,
            threads: 1);
        AssertServes(listener, s_key);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Random_bytes_from_who_listens_are_a_clear_error_of_Connect(bool tcp)
    {
        (Socket socket, string address) = RawPeer.Listen(tcp);
        using (socket)
        {
            byte[] hello = RawPeer.Hello(RawPeer.HasKey, "SHA256");
            Gen.Select(Gen.Byte.Array[1, 300], Gen.Int[0, 64], Gen.Bool).Sample(
                (noise, kept, whole) =>
                {
                    Task<Connection> connecting = Task.Run(() => Connection.Connect(address, s_key));
                    using (Socket client = socket.Accept())
                    {
                        client.Send(whole ? hello : [.. hello.AsSpan(0, kept), .. noise]);
                        if (whole)
                        {
                            RawPeer.Receive(client, RawPeer.AnswerLength);
                            try
                            {
                                client.Send(noise);
                            }
                            catch (SocketException)
                            {
                                // It has closed.
                            }
                        }
                    }

                    Exception? failure = ((Task)connecting).ContinueWith(task => task.Exception?.InnerException, TaskScheduler.Default).Result;
                    return failure is ConnectionAuthenticationException or EndOfStreamException;
                },
                iter: 1000,
                threads: 1);
        }
    }

    [Fact]
    public void Descriptors_that_an_unknown_client_sends_are_closed()
    {
        using ConnectionListener listener = Listen(tcp: false, s_key);
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        using (read)
        using (SafeDescriptorHandle client = Os.Socket(SocketFamily.Local, type: 5))
        {
            Os.Connect(client, new UnixDomainSocketEndPoint($"\0{listener.Address["unix:@".Length..]}"));
            byte[] hello = new byte[100];
            Assert.Equal(RawPeer.HelloLength, Os.Receive(client, hello));

            Os.SendMsg(client, new byte[RawPeer.AnswerLength], [write, write, write]);
            try
            {
                Os.SendMsg(client, new byte[RawPeer.AnswerLength], [write]); // nobody receives it any more
            }
            catch (PosixException exception) when (exception.Errno == ErrorNumber.EPIPE)
            {
                // It has been sent away already.
            }

            write.Dispose();
            Assert.NotEqual(PollEvents.None, Os.Poll(read, PollEvents.Readable, s_soon));
            Assert.Equal(0, Os.Read(read, new byte[1]));
        }

        AssertServes(listener, s_key);
    }

    [Fact]
    public async Task A_process_of_another_user_is_refused_and_told_why_whatever_it_knows()
    {
        Assert.SkipUnless(Os.GetEuid() == 0, "Only root can start children of other users.");
        using ConnectionListener listener = Listen(tcp: false, s_key);
        string address = listener.Address;
        byte[] key = s_key;
        string refused = await ChildProcess.RunAsync(
            () => Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(address, key)).Message,
            new ChildProcessOptions { User = new ChildUser(65534, 65534) });
        Assert.Contains("its own user and group, and of root, only", refused, StringComparison.Ordinal);
        AssertServes(listener, s_key);
    }

    [Fact]
    public async Task Without_a_key_a_listener_of_another_user_is_not_believed()
    {
        Assert.SkipUnless(Os.GetEuid() == 0, "Only root can start children of other users.");
        string address = $"unix:@tests-{Guid.NewGuid():N}";
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (ChildProcess child = StartNobodysListener(address, right))
        {
            Assert.Equal("listening", left.Receive<string>());
            Assert.Contains("another user", Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(address)).Message, StringComparison.Ordinal);
            left.Send("done");
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Processes_of_the_same_user_and_another_group_do_not_believe_each_other()
    {
        Assert.SkipUnless(Os.GetEuid() == 0, "Only root can start children of other users.");
        string address = $"unix:@tests-{Guid.NewGuid():N}";
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (ChildProcess child = StartNobodysListener(address, right))
        {
            Assert.Equal("listening", left.Receive<string>());
            string[] refused = await ChildProcess.RunAsync(
                () => new[]
                {
                    Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(address)).Message,
                    Assert.Throws<ConnectionAuthenticationException>(() => Connection.Connect(address, [1])).Message,
                },
                new ChildProcessOptions { User = new ChildUser(65534, 65533) });
            Assert.Contains("another user or group listens (uid 65534, gid 65534)", refused[0], StringComparison.Ordinal);
            Assert.Contains("its own user and group, and of root, only", refused[1], StringComparison.Ordinal);
            left.Send("done");
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>It says over the pipe when it listens, and ends when it is told so; the copy here is closed.</summary>
    private static ChildProcess StartNobodysListener(string address, Connection pipe)
    {
        ChildProcess child = ChildProcess.Start(
            () =>
            {
                using ConnectionListener listener = new(address);
                pipe.Send("listening");
                pipe.Receive<string>();
            },
            options: new ChildProcessOptions { User = new ChildUser(65534, 65534) });
        pipe.Dispose();
        return child;
    }

    [Fact]
    public void A_flood_of_silent_clients_drops_some_by_lot_and_not_those_that_came_first()
    {
        const int Most = 64;
        const int More = 40;
        using ConnectionListener listener = Listen(tcp: true, s_key);
        int left;
        long start;
        do
        {
            start = Stopwatch.GetTimestamp();
            Socket[] clients = [.. Enumerable.Range(0, Most + More).Select(_ =>
            {
                Socket client = RawPeer.Connect(listener.Address);
                RawPeer.Receive(client, RawPeer.HelloLength);
                return client;
            })];
            left = clients.Take(More).Count(client => !client.Poll(0, SelectMode.SelectRead)); // readable is the end
            Array.ForEach(clients, client => client.Dispose());
        }
        while (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(4)); // after five the first would be gone for another reason

        Assert.InRange(left, 1, More);
    }

    [Fact]
    public async Task A_cancelled_connect_ends_at_once_and_leaves_nothing()
    {
        (Socket socket, string address) = RawPeer.Listen(tcp: true);
        using (socket)
        using (CancellationTokenSource cancelled = new())
        {
            Task<Connection> connecting = Connection.ConnectAsync(address, s_key, cancelled.Token).AsTask();
            using Socket silent = await socket.AcceptAsync(TestContext.Current.CancellationToken);
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(s_soon));
            silent.ReceiveTimeout = 20_000;
            Assert.True(RawPeer.IsClosedByPeer(silent));
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_peer_names_no_types_but_those_that_the_receiver_asks_for_or_has_registered(bool tcp)
    {
        using ConnectionListener listener = Listen(tcp, s_key);
        using Connection client = Connection.Connect(listener.Address, s_key);
        using Connection accepted = listener.Accept();
        foreach ((Connection sender, Connection receiver) in new[] { (client, accepted), (accepted, client) })
        {
            sender.Send<object>(new Parcel("a", 1));
            Assert.Throws<InvalidDataException>((Action)(() => receiver.Receive()));
            sender.Send<object>(new Parcel("b", 2));
            Assert.Throws<InvalidDataException>(() => receiver.Receive<object>());
            sender.Send(new Parcel("c", 3));
            Assert.Equal(new Parcel("c", 3), receiver.Receive<Parcel>());
            sender.Send<Func<int>>(static () => 42);
            Assert.Throws<InvalidDataException>(() => receiver.Receive<Func<int>>());
            receiver.AllowType<Parcel>();
            sender.Send<object>(new Parcel("d", 4));
            Assert.Equal(new Parcel("d", 4), receiver.Receive());
        }
    }

    private static ConnectionListener Listen(bool tcp, byte[]? key) => new(tcp ? "tcp:127.0.0.1:0" : null, key);

    private static void AssertServes(ConnectionListener listener, byte[]? key)
    {
        using Connection client = Connection.Connect(listener.Address, key);
        client.Send("good");
        using Connection accepted = listener.Accept();
        Assert.Equal("good", accepted.Receive<string>());
    }

    private sealed record Parcel(string Name, int Weight);
}
