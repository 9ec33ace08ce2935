using BenchmarkDotNet.Attributes;
using Multiprocessing;

namespace Micro;

/// <summary>A put and a get of a queue, in one process: what the calls themselves cost. Items of unmanaged types allocate nothing.</summary>
[MemoryDiagnoser]
public class Queueing : IDisposable
{
    private readonly ProcessQueue<int> _numbers = new();
    private readonly ProcessQueue<int> _bounded = new(capacity: 100);
    private readonly ProcessQueue<(long Time, double Price)> _pairs = new();
    private readonly ProcessQueue<Trade> _records = new();
    private readonly Trade _trade = new(1, "MSFT", 2.5);

    [GlobalCleanup]
    public void Dispose()
    {
        _numbers.Dispose();
        _bounded.Dispose();
        _pairs.Dispose();
        _records.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public int Number() => PutAndGet(_numbers, 42);

    [Benchmark]
    public int NumberBounded() => PutAndGet(_bounded, 42);

    [Benchmark]
    public (long Time, double Price) Pair() => PutAndGet(_pairs, (1, 2.5));

    [Benchmark]
    public Trade Record() => PutAndGet(_records, _trade);

    private static T PutAndGet<T>(ProcessQueue<T> queue, T item)
    {
        queue.Put(item);
        return queue.Get();
    }
}
