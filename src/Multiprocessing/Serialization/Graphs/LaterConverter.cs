namespace Multiprocessing;

/// <summary>The converter of a structure that holds structures of its own type: found when the first is written or read, since it is still being made.</summary>
internal sealed class LaterConverter(Type type) : Converter
{
    private Converter? _converter;

    internal override Type Type => type;

    /// <summary>Whichever type of such a ring is made first, all in it become no leaves; so both processes agree.</summary>
    internal override bool IsLeaf => false;

    private Converter Found => _converter ??= Converters.Of(type);

    internal override void WriteObject(WireWriter writer, object value) => Found.WriteObject(writer, value);

    internal override object ReadObject(ref WireReader reader, int number) => Found.ReadObject(ref reader, number);
}
