using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>A place that is declared with a type: a property, a parameter, the elements of a collection. What stands there may be null, or of a derived type.</summary>
/// <typeparam name="T">The type it is declared with.</typeparam>
internal abstract class Slot<T>
{
    internal abstract int MinimumSize { get; }

    internal abstract bool IsLeaf { get; }

    internal abstract void Write(WireWriter writer, T? value);

    internal abstract T? Read(ref WireReader reader);

    /// <summary>As <see cref="Read"/>, for a key.</summary>
    /// <param name="reader">Where to read.</param>
    /// <param name="isLate">Set when the key's hash may depend on an object of which not all is read yet: it can be inserted only <see cref="ReceivedObjects.AtEnd"/>.</param>
    internal T? ReadKey(ref WireReader reader, ref bool isLate)
    {
        if (IsLeaf)
        {
            return Read(ref reader);
        }

        int outer = reader.Received.Begin();
        T? key = Read(ref reader);
        isLate |= reader.Received.EndKey(outer, key);
        return key;
    }
}

/// <summary>A structure without references, as its bytes.</summary>
internal sealed class RawSlot<T> : Slot<T>
{
    internal override int MinimumSize => Unsafe.SizeOf<T>();

    internal override bool IsLeaf => true;

    internal override void Write(WireWriter writer, T? value) => RawValues.Write(writer, value!);

    internal override T? Read(ref WireReader reader) => RawValues.Read<T>(ref reader);
}

/// <summary>
/// Any other structure: nothing to be told but itself. Where it holds objects it counts as a level of nesting, since a collection that is a structure
/// may hold structures of the type that it stands in, without end.
/// </summary>
internal sealed class StructureSlot<T>(Converter converter) : Slot<T>
{
    private readonly Converter<T>? _typed = converter as Converter<T>;

    /// <summary>Whether it is a level of nesting: a nullable leaves that to what it may hold.</summary>
    private readonly bool _isLevel = !converter.IsLeaf && Nullable.GetUnderlyingType(typeof(T)) is null;

    internal override int MinimumSize => converter.MinimumSize;

    internal override bool IsLeaf { get; } = converter.IsLeaf;

    internal override void Write(WireWriter writer, T? value)
    {
        if (_isLevel)
        {
            writer.Enter(typeof(T));
        }

        if (_typed is not null)
        {
            _typed.Write(writer, value!);
        }
        else
        {
            converter.WriteObject(writer, value!);
        }

        if (_isLevel)
        {
            writer.Leave();
        }
    }

    internal override T? Read(ref WireReader reader)
    {
        if (_isLevel)
        {
            reader.Enter();
        }

        T value = _typed is not null ? _typed.Read(ref reader, -1) : (T)converter.ReadObject(ref reader, -1);
        if (_isLevel)
        {
            reader.Leave();
        }

        return value;
    }
}

internal sealed class StringSlot : Slot<string>
{
    internal override int MinimumSize => sizeof(int);

    internal override bool IsLeaf => true;

    internal override void Write(WireWriter writer, string? value) => writer.String(value);

    internal override string? Read(ref WireReader reader) => reader.NullableString();
}

/// <summary>An object. Its converter is looked up when the first one comes, since types may refer to each other in a ring.</summary>
internal sealed class ObjectSlot<T>(Func<Converter> find) : Slot<T>
{
    private static readonly bool s_isOpen = ValueSerializer.HasOwnForm(typeof(T));

    private Converter? _converter;

    internal override int MinimumSize => 1;

    internal override bool IsLeaf => false;

    private Converter Exact => _converter ??= find();

    internal override void Write(WireWriter writer, T? value) => BoxedSlot.WriteObject(writer, value, typeof(T), s_isOpen, s_isOpen || value is null ? null : Exact);

    internal override T? Read(ref WireReader reader)
    {
        Tag tag = (Tag)reader.Byte();
        if (tag == Tag.Null)
        {
            return default;
        }

        object? value = tag == Tag.Declared && !s_isOpen ? ValueSerializer.ReadNumbered(ref reader, Exact) : ValueSerializer.ReadNested(ref reader, tag);
        return value is T fitting ? fitting : throw new InvalidDataException($"The message holds {(value is null ? "null" : TypeNames.Article(value.GetType()))} where {TypeNames.Article(typeof(T))} is declared.");
    }
}
