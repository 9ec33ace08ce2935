namespace Multiprocessing;

/// <summary>How the values of one type are written and made again; never null, and of exactly that type.</summary>
internal abstract class Converter
{
    internal abstract Type Type { get; }

    /// <summary>Whether nothing in it can be one object in two places. A message that is such a value and nothing else needs no table of its objects.</summary>
    internal virtual bool IsLeaf => true;

    /// <summary>Whether its objects can be changed later, so that it matters whether two places hold one and the same.</summary>
    internal virtual bool HasIdentity => !Type.IsValueType;

    /// <summary>Whether an object exists before what it holds is read, so that this may refer back to it.</summary>
    internal virtual bool CanHoldItself => false;

    /// <summary>How many bytes the smallest value takes.</summary>
    internal virtual int MinimumSize => 1;

    internal abstract void WriteObject(WireWriter writer, object value);

    /// <param name="reader">Where to read.</param>
    /// <param name="number">The object's number, which one that <see cref="CanHoldItself"/> must give to <see cref="ReceivedObjects.Set"/> before it reads what it holds; -1: it has none.</param>
    internal abstract object ReadObject(ref WireReader reader, int number);
}

/// <inheritdoc/>
/// <typeparam name="T">The type.</typeparam>
internal abstract class Converter<T> : Converter
{
    internal sealed override Type Type => typeof(T);

    internal abstract void Write(WireWriter writer, T value);

    internal abstract T Read(ref WireReader reader, int number);

    internal sealed override void WriteObject(WireWriter writer, object value) => Write(writer, (T)value);

    internal sealed override object ReadObject(ref WireReader reader, int number) => Read(ref reader, number)!;
}
