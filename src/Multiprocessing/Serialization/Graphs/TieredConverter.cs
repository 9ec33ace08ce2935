namespace Multiprocessing;

/// <summary>
/// Begins by reflection, so that a child's first message costs no compilation, and goes over to code made for the type once so many have come
/// that this pays. Both write and read the same bytes.
/// </summary>
internal sealed class TieredConverter<T> : Converter<T>
{
    private const int Slow = 64;

    private readonly ObjectPlan _plan;
    private readonly BoxedObjectConverter _slow;
    private volatile Converter<T>? _fast;
    private int _count;

    public TieredConverter(ObjectPlan plan)
    {
        _plan = plan;
        _slow = new(plan);
        IsLeaf = _slow.IsLeaf;
    }

    internal override bool IsLeaf { get; }

    internal override bool CanHoldItself => _slow.CanHoldItself;

    internal override int MinimumSize => _slow.MinimumSize;

    internal override void Write(WireWriter writer, T value)
    {
        if (_fast is { } fast)
        {
            fast.Write(writer, value);
            return;
        }

        Count();
        _slow.WriteObject(writer, value!);
    }

    internal override T Read(ref WireReader reader, int number)
    {
        if (_fast is { } fast)
        {
            return fast.Read(ref reader, number);
        }

        Count();
        return (T)_slow.ReadObject(ref reader, number);
    }

    private void Count()
    {
        if (Interlocked.Increment(ref _count) == Slow)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static converter => converter._fast = ConverterFactory.Compile<T>(converter._plan), this, preferLocal: false);
        }
    }
}
