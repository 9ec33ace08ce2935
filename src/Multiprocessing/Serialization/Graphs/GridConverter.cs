
namespace Multiprocessing;

/// <summary>Arrays of several dimensions.</summary>
internal sealed class GridConverter : Converter
{
    private readonly Type _element;
    private readonly RawLayout? _raw;
    private readonly BoxedSlot _slot;

    internal GridConverter(Type type)
    {
        Type = type;
        _element = type.GetElementType()!;
        _raw = RawValues.Of(_element);
        _slot = new(_element);
    }

    internal override Type Type { get; }

    internal override bool IsLeaf => _slot.IsLeaf;

    internal override bool CanHoldItself => true;

    internal override void WriteObject(WireWriter writer, object value)
    {
        Array array = (Array)value;
        for (int dimension = 0; dimension < array.Rank; dimension++)
        {
            if (array.GetLowerBound(dimension) != 0)
            {
                throw new RefusedException(Type, new Refusal("it does not begin at 0", "send one that does"));
            }

            writer.Int32(array.GetLength(dimension));
        }

        if (_raw is not null)
        {
            writer.Raw(RawValues.BytesOf(array, _raw));
            return;
        }

        foreach (object? item in array)
        {
            _slot.Write(writer, item);
        }
    }

    internal override object ReadObject(ref WireReader reader, int number)
    {
        int[] lengths = new int[Type.GetArrayRank()];
        UInt128 count = 1;
        foreach (ref int length in lengths.AsSpan())
        {
            length = reader.Int32();
            count = length < 0 ? throw new InvalidDataException($"The message announces an array of {length} elements.") : checked(count * (uint)length);
        }

        if (count * (uint)_slot.MinimumSize > (uint)reader.Left)
        {
            throw new InvalidDataException($"The message announces {count} elements, but only {reader.Left} bytes are left.");
        }

        Array array = Array.CreateInstanceFromArrayType(Type, lengths);
        if (number >= 0)
        {
            reader.Received.Set(number, array);
        }

        if (_raw is not null)
        {
            RawValues.ReadInto(ref reader, array, _element, _raw);
            return array;
        }

        int[] indices = new int[lengths.Length];
        for (int i = 0; i < array.Length; i++)
        {
            array.SetValue(_slot.Read(ref reader), indices);
            for (int dimension = lengths.Length - 1; dimension >= 0 && ++indices[dimension] == lengths[dimension]; dimension--)
            {
                indices[dimension] = 0;
            }
        }

        return array;
    }
}
