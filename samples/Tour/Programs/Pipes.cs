using Multiprocessing;

namespace Tour.Programs;

/// <summary>A child sends one message of several values through its end of a pipe, and closes it; the parent receives at the other end.</summary>
internal static class Pipes
{
    internal static void Run()
    {
        (Connection parentEnd, Connection childEnd) = Pipe.Create();
        using (parentEnd)
        using (childEnd)
        {
            using ChildProcess child = new(SendOne, [childEnd]);
            child.Start();
            Messages.Print(parentEnd.Receive<object?[]>());
            child.Join();
        }
    }

    private static void SendOne(Connection connection)
    {
        connection.Send([42, null, "hello"]);
        connection.Close();
    }
}
