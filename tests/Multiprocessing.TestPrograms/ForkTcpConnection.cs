using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>A connection over TCP from before a fork stays with the parent. Prints the first thing that is not so; nothing is printed when all is.</summary>
internal static class ForkTcpConnection
{
    internal static int Run(string address)
    {
        using Connection connection = Connection.Connect(address, [1]);
        connection.Send("before");
        Check(connection.Poll(Timeout.InfiniteTimeSpan), "a message before the fork"); // and the rest of what was sent is in the socket
        int pid = Os.Fork();
        if (pid == 0)
        {
            Refused(() => connection.Send("from the child"));
            Refused(() => connection.SendAsync("from the child").AsTask().GetAwaiter().GetResult());
            Refused(() => connection.Receive<string>());
            Refused(() => connection.ReceiveAsync<string>().AsTask().GetAwaiter().GetResult());
            Refused(() => connection.Poll());
            Refused(() => ProcessWait.Any([connection], TimeSpan.Zero));
            connection.Close();
            return 0;
        }

        Check(Os.WaitPid(pid).Status.ToExitCode() == 0, "the child");
        connection.Send("after");
        Check(connection.Receive<string>() == "first", "the first message");
        Check(connection.ReceiveBytes().Length == 200_000, "the second message");
        Check(connection.Receive<string>() == "answer", "the answer");
        return 0;
    }

    private static void Refused(Action action)
    {
        try
        {
            action();
            Check(false, "what should have been refused");
        }
        catch (InvalidOperationException exception)
        {
            Check(exception.Message.Contains("connect by itself", StringComparison.Ordinal), exception.ToString());
        }
    }

    private static void Check(bool isSo, string what)
    {
        if (!isSo)
        {
            Console.WriteLine($"{Environment.ProcessId}: {what}");
            Environment.Exit(1);
        }
    }
}
