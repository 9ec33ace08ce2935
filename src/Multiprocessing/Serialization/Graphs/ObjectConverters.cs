using PolyType;
using PolyType.Abstractions;

namespace Multiprocessing;

/// <summary>An object that has no state.</summary>
internal sealed class BareConverter : Converter<object>
{
    internal override void Write(WireWriter writer, object value) => writer.Byte(0);

    internal override object Read(ref WireReader reader, int number)
    {
        reader.Byte();
        return new object();
    }
}

/// <summary>Objects that are made empty, and then filled.</summary>
internal sealed class ObjectConverter<T>(Func<T> make, Member<T>[] members) : Converter<T>
{
    private readonly int _minimumSize = Math.Max(1, members.Sum(member => member.MinimumSize));

    internal override bool IsLeaf { get; } = Array.TrueForAll(members, member => member.IsLeaf);

    internal override bool CanHoldItself => !typeof(T).IsValueType;

    internal override int MinimumSize => _minimumSize;

    internal override void Write(WireWriter writer, T value)
    {
        foreach (Member<T> member in members)
        {
            member.Write(writer, ref value);
        }

        if (members.Length == 0)
        {
            writer.Byte(0);
        }
    }

    internal override T Read(ref WireReader reader, int number)
    {
        T value = make();
        if (number >= 0)
        {
            reader.Received.Set(number, value!);
        }

        foreach (Member<T> member in members)
        {
            member.Read(ref reader, ref value);
        }

        if (members.Length == 0)
        {
            reader.Byte();
        }

        return value;
    }
}

/// <summary>Objects that are made from what they hold.</summary>
internal sealed class ConstructedConverter<T, TState>(Func<TState> makeState, Constructor<TState, T> make, Argument<T, TState>[] arguments) : Converter<T>
{
    private readonly int _minimumSize = Math.Max(1, arguments.Sum(argument => argument.MinimumSize));

    internal override bool IsLeaf { get; } = Array.TrueForAll(arguments, argument => argument.IsLeaf);

    internal override int MinimumSize => _minimumSize;

    internal override void Write(WireWriter writer, T value)
    {
        foreach (Argument<T, TState> argument in arguments)
        {
            argument.Write(writer, ref value);
        }
    }

    internal override T Read(ref WireReader reader, int number)
    {
        TState state = makeState();
        foreach (Argument<T, TState> argument in arguments)
        {
            argument.Read(ref reader, ref state);
        }

        return make(ref state);
    }
}

/// <summary>A property or field of an object.</summary>
internal abstract class Member<T>
{
    internal abstract int MinimumSize { get; }

    internal abstract bool IsLeaf { get; }

    internal abstract void Write(WireWriter writer, ref T instance);

    internal abstract void Read(ref WireReader reader, ref T instance);
}

/// <summary>What can become an argument of a constructor.</summary>
internal interface IArgumentSource
{
    /// <param name="setter">A <see cref="Setter{TState, TProperty}"/>.</param>
    /// <returns>An <see cref="Argument{T, TState}"/>.</returns>
    object Bind<TState, TParameter>(Setter<TState, TParameter> setter);
}

internal sealed class Member<T, TProperty>(Getter<T, TProperty> get, Setter<T, TProperty>? set, Slot<TProperty> slot) : Member<T>, IArgumentSource
{
    internal override int MinimumSize => slot.MinimumSize;

    internal override bool IsLeaf => slot.IsLeaf;

    internal override void Write(WireWriter writer, ref T instance) => slot.Write(writer, get(ref instance));

    internal override void Read(ref WireReader reader, ref T instance) => set!(ref instance, slot.Read(ref reader)!);

    public object Bind<TState, TParameter>(Setter<TState, TParameter> setter) => new Argument<T, TState, TProperty>(get, (Setter<TState, TProperty>)(object)setter, slot);
}

/// <summary>An argument of a constructor, and the property that it comes from.</summary>
internal abstract class Argument<T, TState>
{
    internal abstract int MinimumSize { get; }

    internal abstract bool IsLeaf { get; }

    internal abstract void Write(WireWriter writer, ref T instance);

    internal abstract void Read(ref WireReader reader, ref TState state);
}

internal sealed class Argument<T, TState, TProperty>(Getter<T, TProperty> get, Setter<TState, TProperty> set, Slot<TProperty> slot) : Argument<T, TState>
{
    internal override int MinimumSize => slot.MinimumSize;

    internal override bool IsLeaf => slot.IsLeaf;

    internal override void Write(WireWriter writer, ref T instance) => slot.Write(writer, get(ref instance));

    internal override void Read(ref WireReader reader, ref TState state) => set(ref state, slot.Read(ref reader)!);
}

/// <summary>A structure that may be absent.</summary>
internal sealed class OptionalConverter<TOptional, T>(OptionDeconstructor<TOptional, T> take, Func<TOptional> none, Func<T, TOptional> some, Slot<T> slot) : Converter<TOptional>
{
    internal override bool IsLeaf => slot.IsLeaf;

    internal override void Write(WireWriter writer, TOptional value)
    {
        bool has = take(value, out T? content);
        writer.Bool(has);
        if (has)
        {
            slot.Write(writer, content);
        }
    }

    internal override TOptional Read(ref WireReader reader, int number) => reader.Bool() ? some(slot.Read(ref reader)!) : none();
}

/// <summary>A type that its author has given another form ([TypeShape(Marshaler = …)]).</summary>
internal sealed class SurrogateConverter<T, TSurrogate>(IMarshaler<T, TSurrogate> marshaler, Slot<TSurrogate> slot) : Converter<T>
{
    internal override bool IsLeaf => slot.IsLeaf;

    internal override int MinimumSize => slot.MinimumSize;

    internal override void Write(WireWriter writer, T value) => slot.Write(writer, marshaler.Marshal(value));

    internal override T Read(ref WireReader reader, int number) => marshaler.Unmarshal(slot.Read(ref reader)) ?? throw new InvalidDataException($"The message has no {TypeNames.Display(typeof(T))} where it must have one.");
}
