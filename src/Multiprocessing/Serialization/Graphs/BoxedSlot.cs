using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>A <see cref="Slot{T}"/> for a type that is known only at run time. It writes the same bytes.</summary>
internal sealed class BoxedSlot
{
    private readonly Type _declared;
    private readonly Type? _nullable;
    private readonly RawLayout? _raw;
    private readonly bool _isOpen;
    private Converter? _converter;

    /// <exception cref="RefusedException">Nothing of that type can ever stand there.</exception>
    internal BoxedSlot(Type declared)
    {
        _declared = declared;
        _nullable = Nullable.GetUnderlyingType(declared);
        _raw = RawValues.Of(declared);
        _isOpen = ValueSerializer.HasOwnForm(declared);
        if (declared.IsValueType && _raw is null)
        {
            _converter = Converters.Of(_nullable ?? declared);
        }
        else if (!declared.IsValueType)
        {
            RequireNothingAgainst(declared);
        }
    }

    internal int MinimumSize => _raw?.Size ?? (_declared == typeof(string) ? sizeof(int) : _declared.IsValueType && _nullable is null ? _converter!.MinimumSize : 1);

    internal bool IsLeaf => _raw is not null || _declared == typeof(string) || (_declared.IsValueType && _converter!.IsLeaf);

    private Converter Exact => _converter ??= Converters.Of(_declared);

    /// <exception cref="RefusedException">Nothing of that type can ever stand in a place that is declared with it.</exception>
    internal static void RequireNothingAgainst(Type declared)
    {
        if ((!ValueSerializer.HasOwnForm(declared) || declared.IsInterface || declared.IsAbstract) && !typeof(ICrossing).IsAssignableFrom(declared)
            && FrameworkConverters.Find(declared) is null && Refusals.Against(declared) is { } refusal)
        {
            throw new RefusedException(declared, refusal);
        }
    }

    internal void Write(WireWriter writer, object? value)
    {
        if (_raw is not null)
        {
            WriteRaw(writer, value, _raw);
        }
        else if (_declared == typeof(string))
        {
            writer.String((string?)value);
        }
        else if (!_declared.IsValueType)
        {
            WriteObject(writer, value, _declared, _isOpen, _isOpen || value is null ? null : Exact);
        }
        else
        {
            if (_nullable is not null)
            {
                writer.Bool(value is not null);
            }

            if (value is not null)
            {
                WriteStructure(writer, value);
            }
        }
    }

    internal object? Read(ref WireReader reader)
    {
        if (_raw is not null)
        {
            return ReadRaw(ref reader, _raw);
        }

        return _declared == typeof(string) ? reader.NullableString()
            : !_declared.IsValueType ? ReadObject(ref reader)
            : _nullable is null || reader.Bool() ? ReadStructure(ref reader)
            : null;
    }

    /// <inheritdoc cref="Slot{T}.ReadKey"/>
    internal object? ReadKey(ref WireReader reader, ref bool isLate)
    {
        if (IsLeaf)
        {
            return Read(ref reader);
        }

        int outer = reader.Received.Begin();
        object? key = Read(ref reader);
        isLate |= reader.Received.EndKey(outer, key);
        return key;
    }

    /// <summary>Whatever stands where an object is declared.</summary>
    internal static void WriteObject(WireWriter writer, object? value, Type declared, bool isOpen, Converter? exact)
    {
        if (value is null)
        {
            writer.Byte((byte)Tag.Null);
        }
        else if (value is Delegate)
        {
            throw new RefusedException(value.GetType(), Refusals.Against(typeof(Delegate))!);
        }
        else if (isOpen || value.GetType() != declared)
        {
            ValueSerializer.WriteNested(writer, value, declared);
        }
        else if (!ValueSerializer.TryRefer(writer, value, exact!, out int number))
        {
            writer.Byte((byte)Tag.Declared);
            writer.Enter(declared);
            exact!.WriteObject(writer, value);
            writer.Leave();
            ValueSerializer.Finish(writer, exact, number);
        }
    }

    private object ReadStructure(ref WireReader reader)
    {
        if (_converter!.IsLeaf)
        {
            return _converter.ReadObject(ref reader, -1);
        }

        reader.Enter(); // as StructureSlot does
        object value = _converter.ReadObject(ref reader, -1);
        reader.Leave();
        return value;
    }

    private void WriteStructure(WireWriter writer, object value)
    {
        if (_converter!.IsLeaf)
        {
            _converter.WriteObject(writer, value);
            return;
        }

        writer.Enter(_converter.Type);
        _converter.WriteObject(writer, value);
        writer.Leave();
    }

    private object? ReadObject(ref WireReader reader)
    {
        Tag tag = (Tag)reader.Byte();
        return tag == Tag.Declared && !_isOpen ? ValueSerializer.ReadNumbered(ref reader, Exact) : ValueSerializer.ReadNested(ref reader, tag);
    }

    private void WriteRaw(WireWriter writer, object? value, RawLayout raw)
    {
        if (_nullable is null)
        {
            RawValues.WriteBoxed(writer, value!, raw);
            return;
        }

        int content = RuntimeHelpers.SizeOf(_nullable.TypeHandle);
        Span<byte> space = writer.Space(raw.Size);
        space.Clear();
        if (value is not null)
        {
            space[0] = 1;
            RawValues.BytesOf(value, content).CopyTo(space[^content..]);
        }
    }

    private object? ReadRaw(ref WireReader reader, RawLayout raw)
    {
        if (_nullable is null)
        {
            return RawValues.ReadBoxed(ref reader, _declared, raw);
        }

        byte[] bytes = reader.Raw(raw.Size).ToArray();
        RawCheck.All(bytes, raw.Checks, _declared);
        if (bytes[0] == 0)
        {
            return null;
        }

        object value = RuntimeHelpers.GetUninitializedObject(_nullable);
        int content = RuntimeHelpers.SizeOf(_nullable.TypeHandle);
        bytes.AsSpan()[^content..].CopyTo(RawValues.BytesOf(value, content));
        return value;
    }
}
