using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>Parts of arrays: what they show crosses, not the array behind.</summary>
internal static class MemoryConverter
{
    internal static Converter OfReadOnlyMemory<T>(Slot<T> slot) => new MemoryConverter<ReadOnlyMemory<T>, T>(memory => memory.Span, array => array, slot);

    internal static Converter OfMemory<T>(Slot<T> slot) => new MemoryConverter<Memory<T>, T>(memory => memory.Span, array => array, slot);

    internal static Converter OfSegment<T>(Slot<T> slot) => new MemoryConverter<ArraySegment<T>, T>(segment => segment.AsSpan(), array => array, slot);
}

/// <inheritdoc cref="MemoryConverter"/>
internal sealed class MemoryConverter<T, TElement>(Func<T, ReadOnlySpan<TElement>> show, Func<TElement[], T> make, Slot<TElement> slot) : Converter<T>
{
    private readonly RawLayout? _raw = RawValues.Of(typeof(TElement));

    internal override bool IsLeaf => slot.IsLeaf;

    internal override int MinimumSize => sizeof(int);

    internal override void Write(WireWriter writer, T value)
    {
        ReadOnlySpan<TElement> items = show(value);
        writer.Int32(items.Length);
        if (_raw is not null)
        {
            writer.Raw(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<TElement, byte>(ref MemoryMarshal.GetReference(items)), checked(items.Length * _raw.Size)));
            return;
        }

        foreach (TElement item in items)
        {
            slot.Write(writer, item);
        }
    }

    internal override T Read(ref WireReader reader, int number)
    {
        if (_raw is not null)
        {
            return make((TElement[])RawValues.ReadArray(ref reader, typeof(TElement), _raw));
        }

        TElement[] items = new TElement[reader.Count(slot.MinimumSize)];
        foreach (ref TElement item in items.AsSpan())
        {
            item = slot.Read(ref reader)!;
        }

        return make(items);
    }
}
