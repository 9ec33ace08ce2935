using System.Diagnostics;
using Multiprocessing;

namespace Compare;

/// <summary>There and back over a connection, one message at a time, in microseconds.</summary>
internal static class RoundTrips
{
    private const int Batches = 11;

    // Until both sides run compiled code, and the compiler's own thread is done.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(0.4);

    internal static double[] Numbers(Effort effort, Place place) => Measure(effort.Pick(1500, 300), place, Pipe.Create(), EchoNumbers, ExchangeNumbers);

    /// <summary>By a pipe that spins, each side on its own processor, in nanoseconds.</summary>
    internal static double[] Spinning(Effort effort) =>
        [.. Measure(effort.Pick(200_000, 50_000), Place.TwoProcessors, Pipe.Create(new PipeOptions { SpinTime = TimeSpan.FromMilliseconds(10) }), EchoNumbers, ExchangeNumbers).Select(microseconds => microseconds * 1000)];

    internal static double[] Bytes(Effort effort, Place place) => Measure(effort.Pick(1500, 300), place, Pipe.Create(), EchoBytes, ExchangeBytes);

    private static double[] Measure(int count, Place place, (Connection Ours, Connection Theirs) pipe, Action<Connection> echo, Action<Connection, int> exchange)
    {
        (Connection ours, Connection theirs) = pipe;
        int? processor = Placement.Processor(place, 1);
        using ChildProcess child = ChildProcess.Start(() =>
        {
            Placement.Stay(processor);
            echo(theirs);
        });
        theirs.Dispose();
        double[] samples = new double[Batches];
        using (ours) // which ends the echo
        {
            Placement.Stay(Placement.Processor(place, 0));
            try
            {
                for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_warmUp;)
                {
                    exchange(ours, 100);
                }

                for (int batch = 0; batch < Batches; batch++)
                {
                    long start = Stopwatch.GetTimestamp();
                    exchange(ours, count);
                    samples[batch] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / count;
                }
            }
            finally
            {
                Placement.Roam();
            }
        }

        child.Join();
        Arrived.Check(0, child.ExitCode);
        return samples;
    }

    private static void ExchangeNumbers(Connection connection, int count)
    {
        for (int i = 0; i < count; i++)
        {
            connection.Send(i);
            Arrived.Check(i, connection.Receive<int>());
        }
    }

    private static void EchoNumbers(Connection connection)
    {
        try
        {
            while (true)
            {
                connection.Send(connection.Receive<int>());
            }
        }
        catch (EndOfStreamException)
        {
        }
    }

    private static void ExchangeBytes(Connection connection, int count)
    {
        byte[] sent = new byte[8];
        byte[] received = new byte[8];
        for (int i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(sent, i);
            connection.SendBytes(sent);
            Arrived.Check(sent.Length, connection.ReceiveBytes(received));
            Arrived.Check(i, BitConverter.ToInt32(received));
        }
    }

    private static void EchoBytes(Connection connection)
    {
        byte[] buffer = new byte[8];
        try
        {
            while (true)
            {
                int length = connection.ReceiveBytes(buffer);
                connection.SendBytes(buffer.AsSpan(0, length));
            }
        }
        catch (EndOfStreamException)
        {
        }
    }
}
