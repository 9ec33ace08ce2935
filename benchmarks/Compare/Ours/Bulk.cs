using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using Multiprocessing;

namespace Compare;

/// <summary>64 MiB in a message, some in a row and then an acknowledgement, in GiB a second.</summary>
internal static class Bulk
{
    private const int Size = 64 << 20;

    private delegate void Examine(ReadOnlySpan<byte> message);

    /// <summary>Used in place, in pages that both processes share.</summary>
    internal static double[] Views(Effort effort) => Measure(effort, Pipe.Create(duplex: false), effort.Pick(20, 3), SendBytes, TakeView);

    /// <summary>Each as a new array, by way of the serializer.</summary>
    internal static double[] Arrays(Effort effort, int row, bool duplex = false) => Measure(effort, Pipe.Create(duplex), row == 1 ? 1 : effort.Pick(row, 3), SendArray, TakeArray);

    /// <summary>Each as a new array, without the serializer.</summary>
    internal static double[] Bytes(Effort effort) => Measure(effort, Pipe.Create(duplex: false), effort.Pick(20, 3), SendBytes, TakeBytes);

    private static double[] Measure(Effort effort, (Connection Reader, Connection Writer) pipe, int row, Action<Connection, byte[]> send, Action<Connection, Examine> take)
    {
        (Connection reader, Connection writer) = pipe;
        (Connection acknowledged, Connection acknowledge) = Pipe.Create(duplex: false);
        using ChildProcess child = ChildProcess.Start(() => Sink(reader, acknowledge, row, take));
        reader.Dispose();
        acknowledge.Dispose();
        double[] samples = new double[effort.Pick(row == 1 ? 7 : 3, 3)];
        using (acknowledged)
        using (writer) // which ends the sink
        {
            byte[] data = Pattern();
            send(writer, data);
            Arrived.Check(Size, acknowledged.Receive<long>());
            long number = 0;
            for (int repetition = -1; repetition < samples.Length; repetition++) // the first one warms up
            {
                long start = Stopwatch.GetTimestamp();
                for (int i = 0; i < row; i++)
                {
                    Stamp(data, ++number);
                    send(writer, data);
                }

                Arrived.Check((long)row * Size, acknowledged.Receive<long>());
                double took = Stopwatch.GetElapsedTime(start).TotalSeconds;
                if (repetition >= 0)
                {
                    samples[repetition] = (double)row * Size / (1 << 30) / took;
                }
            }
        }

        child.Join();
        Arrived.Check(0, child.ExitCode);
        return samples;
    }

    /// <summary>The child: compares the first message whole, and of each later one the number that stands at its beginning and its end.</summary>
    private static void Sink(Connection reader, Connection acknowledge, int row, Action<Connection, Examine> take)
    {
        byte[] expected = Pattern();
        take(reader, message => Arrived.Check(true, message.SequenceEqual(expected)));
        acknowledge.Send((long)expected.Length);
        expected = [];
        long number = 0;
        long bytes = 0;
        try
        {
            while (true)
            {
                take(reader, message =>
                {
                    number++;
                    Arrived.Check(number, BinaryPrimitives.ReadInt64LittleEndian(message));
                    Arrived.Check(number, BinaryPrimitives.ReadInt64LittleEndian(message[^sizeof(long)..]));
                    bytes += message.Length;
                });
                if (number % row == 0)
                {
                    acknowledge.Send(bytes);
                    bytes = 0;
                }
            }
        }
        catch (EndOfStreamException)
        {
        }
    }

    private static byte[] Pattern()
    {
        byte[] pattern = new byte[Size];
        new Random(1).NextBytes(pattern);
        return pattern;
    }

    private static void Stamp(byte[] data, long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(data, number);
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(Size - sizeof(long)), number);
    }

    private static void SendBytes(Connection connection, byte[] data) => connection.SendBytes(data);

    private static void SendArray(Connection connection, byte[] data) => connection.Send(data);

    private static void TakeView(Connection connection, Examine examine)
    {
        using IMemoryOwner<byte> view = connection.ReceiveView();
        examine(view.Memory.Span);
    }

    private static void TakeArray(Connection connection, Examine examine) => examine(connection.Receive<byte[]>());

    private static void TakeBytes(Connection connection, Examine examine) => examine(connection.ReceiveBytes());
}
