using BenchmarkDotNet.Attributes;
using Multiprocessing;

namespace Micro;

/// <summary>The serializer alone: one value in, bytes, the same value out.</summary>
[MemoryDiagnoser]
public class Serializing : IDisposable
{
    private readonly WireWriter _writer = new();
    private readonly Trade _trade = new(1, "MSFT", 2.5);
    private readonly int[] _numbers = [.. Enumerable.Range(0, 1000)];
    private readonly Dictionary<int, string> _texts = Enumerable.Range(0, 100).ToDictionary(i => i, i => $"text {i}");
    private readonly object?[] _mixed = [42, null, "hello"];

    [GlobalCleanup]
    public void Dispose()
    {
        _writer.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public int Number() => ThereAndBack(42);

    [Benchmark]
    public string Text() => ThereAndBack("hello, world");

    [Benchmark]
    public Trade Record() => ThereAndBack(_trade);

    [Benchmark]
    public int[] ThousandNumbers() => ThereAndBack(_numbers);

    [Benchmark]
    public IDictionary<int, string> HundredEntries() => ThereAndBack(_texts);

    [Benchmark]
    public object?[] MixedArray() => ThereAndBack(_mixed);

    private T ThereAndBack<T>(T value)
    {
        _writer.Clear();
        ValueSerializer.Write(_writer, value, Subject.Message);
        WireReader reader = new(_writer.Written);
        return ValueSerializer.Read<T>(ref reader);
    }
}
