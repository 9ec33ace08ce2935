using System.Net.Sockets;

namespace Multiprocessing.Tests;

/// <summary>What a type makes when it is first used is made in the child that uses it, and goes with it.</summary>
public sealed class TypeLoadTests
{
    private static readonly UnixDomainSocketEndPoint s_name = new($"\0multiprocessing-tests-{Environment.ProcessId}"); // in no file system: the name lives as long as the socket

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Conformance(35)]
    public void What_the_childs_types_make_for_all_to_use_is_gone_with_the_child(bool killed)
    {
        string name = s_name.ToString()[1..];
        using ChildProcess child = ChildProcess.Start(
            () =>
            {
                Holder.Name = name;
                Console.WriteLine(Holder.IsBound());
                Console.ReadLine();
            },
            options: new ChildProcessOptions { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe });
        using StreamReader reader = new(child.StandardOutput!);
        Assert.Equal("True", reader.ReadLine());
        Assert.Throws<SocketException>(Bind);
        if (killed)
        {
            child.Kill();
        }

        child.StandardInput!.Dispose();
        child.Join();
        Assert.Equal(killed ? -9 : 0, child.ExitCode);
        Bind();
    }

    private static void Bind()
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(s_name);
    }

    private static class Holder
    {
        internal static string Name { get; set; } = "";

        internal static bool IsBound() => Global.Socket.IsBound;

        private static class Global
        {
            internal static readonly Socket Socket = Make();

            private static Socket Make()
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.Bind(new UnixDomainSocketEndPoint($"\0{Name}"));
                return socket;
            }
        }
    }
}
