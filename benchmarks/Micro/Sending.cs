using BenchmarkDotNet.Attributes;
using Multiprocessing;

namespace Micro;

/// <summary>A message through a pipe whose two ends are in one process: a system call to send and one to receive, and what the library adds.</summary>
[MemoryDiagnoser]
public class Sending : IDisposable
{
    private readonly Connection _left;
    private readonly Connection _right;
    private readonly byte[] _bytes = new byte[64];
    private readonly byte[] _buffer = new byte[64];
    private readonly Trade _trade = new(1, "MSFT", 2.5);

    public Sending() => (_left, _right) = Pipe.Create();

    [GlobalCleanup]
    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public int Bytes()
    {
        _left.SendBytes(_bytes);
        return _right.ReceiveBytes(_buffer);
    }

    [Benchmark]
    public int Number()
    {
        _left.Send(42);
        return _right.Receive<int>();
    }

    [Benchmark]
    public Trade Record()
    {
        _left.Send(_trade);
        return _right.Receive<Trade>();
    }
}
