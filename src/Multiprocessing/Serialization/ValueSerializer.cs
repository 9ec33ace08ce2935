using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>
/// The seam through which every argument, captured variable and result crosses: one value in, bytes, the same value out.
/// Scalars, strings and arrays have their own short forms, so that a start that sends nothing else loads no serializer;
/// every other graph goes to <see cref="GraphSerializer"/>.
/// </summary>
internal static class ValueSerializer
{
    private enum Tag : byte
    {
        Null,
        Boolean,
        Char,
        SByte,
        Byte,
        Int16,
        UInt16,
        Int32,
        UInt32,
        Int64,
        UInt64,
        Single,
        Double,
        Decimal,
        DateTime,
        String,
        Enum,
        UnmanagedArray,
        Array,
        Delegate,
        Graph,
    }

    /// <param name="writer">Where to write.</param>
    /// <param name="value">The value; its own type crosses, not the one it is declared with.</param>
    /// <param name="declared">The type it is declared with: what it arrives as where its own type cannot be rebuilt, such as a lazy sequence.</param>
    /// <param name="subject">What it is, in words, for a refusal.</param>
    /// <exception cref="NotSerializableException">The value cannot cross.</exception>
    internal static void Write(WireWriter writer, object? value, Type declared, in Subject subject)
    {
        switch (value)
        {
            case null: writer.Byte((byte)Tag.Null); break;
            case Enum: WriteEnum(writer, value); break;
            case bool x: writer.Byte((byte)Tag.Boolean); writer.Bool(x); break;
            case char x: WriteScalar(writer, Tag.Char, x); break;
            case sbyte x: WriteScalar(writer, Tag.SByte, x); break;
            case byte x: WriteScalar(writer, Tag.Byte, x); break;
            case short x: WriteScalar(writer, Tag.Int16, x); break;
            case ushort x: WriteScalar(writer, Tag.UInt16, x); break;
            case int x: WriteScalar(writer, Tag.Int32, x); break;
            case uint x: WriteScalar(writer, Tag.UInt32, x); break;
            case long x: WriteScalar(writer, Tag.Int64, x); break;
            case ulong x: WriteScalar(writer, Tag.UInt64, x); break;
            case float x: WriteScalar(writer, Tag.Single, x); break;
            case double x: WriteScalar(writer, Tag.Double, x); break;
            case decimal x: WriteScalar(writer, Tag.Decimal, x); break;
            case DateTime x: WriteScalar(writer, Tag.DateTime, x.ToBinary()); break;
            case string x: writer.Byte((byte)Tag.String); writer.String(x); break;
            case Delegate x: writer.Byte((byte)Tag.Delegate); DelegateSerializer.Write(writer, x, subject); break;
            case Array x when x.Rank == 1 && x.GetType().IsSZArray: WriteArray(writer, x, subject); break;
            default: WriteGraph(writer, value, declared, subject); break;
        }
    }

    /// <exception cref="InvalidDataException">The bytes are not what <see cref="Write"/> wrote.</exception>
    internal static object? Read(ref WireReader reader) => (Tag)reader.Byte() switch
    {
        Tag.Null => null,
        Tag.Boolean => reader.Bool(),
        Tag.Char => reader.Unmanaged<char>(),
        Tag.SByte => reader.Unmanaged<sbyte>(),
        Tag.Byte => reader.Unmanaged<byte>(),
        Tag.Int16 => reader.Unmanaged<short>(),
        Tag.UInt16 => reader.Unmanaged<ushort>(),
        Tag.Int32 => reader.Unmanaged<int>(),
        Tag.UInt32 => reader.Unmanaged<uint>(),
        Tag.Int64 => reader.Unmanaged<long>(),
        Tag.UInt64 => reader.Unmanaged<ulong>(),
        Tag.Single => reader.Unmanaged<float>(),
        Tag.Double => reader.Unmanaged<double>(),
        Tag.Decimal => reader.Unmanaged<decimal>(),
        Tag.DateTime => ReadDateTime(ref reader),
        Tag.String => reader.String(),
        Tag.Enum => ReadEnum(ref reader),
        Tag.UnmanagedArray => ReadUnmanagedArray(ref reader),
        Tag.Array => ReadArray(ref reader),
        Tag.Delegate when reader.Asked is null => DelegateSerializer.Read(ref reader),
        Tag.Graph => ReadGraph(ref reader),
        Tag tag => throw new InvalidDataException($"The message has a value of the unknown kind {(byte)tag}."),
    };

    private static void WriteScalar<T>(WireWriter writer, Tag tag, T value)
        where T : unmanaged
    {
        writer.Byte((byte)tag);
        writer.Unmanaged(value);
    }

    private static DateTime ReadDateTime(ref WireReader reader)
    {
        try
        {
            return DateTime.FromBinary(reader.Unmanaged<long>());
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException("The message has a date that does not exist.", exception);
        }
    }

    private static void WriteEnum(WireWriter writer, object value)
    {
        Type type = value.GetType();
        writer.Byte((byte)Tag.Enum);
        TypeReference.Write(writer, type);
        writer.Unmanaged(type.GetEnumUnderlyingType() == typeof(ulong) ? (long)Convert.ToUInt64(value, null) : Convert.ToInt64(value, null));
    }

    private static object ReadEnum(ref WireReader reader)
    {
        Type type = TypeReference.Read(ref reader);
        long value = reader.Unmanaged<long>();
        return type.IsEnum ? Enum.ToObject(type, value) : throw new InvalidDataException($"The message says that {type} is an enumeration.");
    }

    private static void WriteArray(WireWriter writer, Array array, in Subject subject)
    {
        Type element = array.GetType().GetElementType()!;
        if (SizeOfScalar(element) > 0)
        {
            writer.Byte((byte)Tag.UnmanagedArray);
            writer.Byte((byte)Type.GetTypeCode(element));
            writer.Int32(array.Length);
            writer.Raw(BytesOf(array, element));
            return;
        }

        writer.Byte((byte)Tag.Array);
        TypeReference.Write(writer, element);
        writer.Int32(array.Length);
        for (int i = 0; i < array.Length; i++)
        {
            Write(writer, array.GetValue(i), element, subject);
        }
    }

    private static Array ReadUnmanagedArray(ref WireReader reader)
    {
        TypeCode code = (TypeCode)reader.Byte();
        Type element = ScalarOf(code) ?? throw new InvalidDataException($"The message has an array of the unknown kind {code}.");
        int count = reader.Int32();
        ReadOnlySpan<byte> bytes = reader.Raw(WireReader.Scaled(count, SizeOfScalar(element)));
        Array array = Array.CreateInstance(element, count);
        bytes.CopyTo(BytesOf(array, element));
        return array;
    }

    private static Array ReadArray(ref WireReader reader)
    {
        Type element = TypeReference.Read(ref reader);
        int count = reader.Count();
        Array array = Array.CreateInstance(element, count);
        for (int i = 0; i < count; i++)
        {
            array.SetValue(Read(ref reader), i);
        }

        return array;
    }

    private static void WriteGraph(WireWriter writer, object value, Type declared, in Subject subject)
    {
        (Type type, byte[] bytes) = GraphSerializer.Serialize(value, declared, subject);
        writer.Byte((byte)Tag.Graph);
        TypeReference.Write(writer, type);
        writer.Bytes(bytes);
    }

    private static object? ReadGraph(ref WireReader reader)
    {
        Type type = TypeReference.Read(ref reader);
        return GraphSerializer.Deserialize(type, reader.Bytes(), mayNameTypes: reader.Asked is null);
    }

    private static Span<byte> BytesOf(Array array, Type element) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(array), array.Length * SizeOfScalar(element));

    private static Type? ScalarOf(TypeCode code) => code switch
    {
        TypeCode.Boolean => typeof(bool),
        TypeCode.Char => typeof(char),
        TypeCode.SByte => typeof(sbyte),
        TypeCode.Byte => typeof(byte),
        TypeCode.Int16 => typeof(short),
        TypeCode.UInt16 => typeof(ushort),
        TypeCode.Int32 => typeof(int),
        TypeCode.UInt32 => typeof(uint),
        TypeCode.Int64 => typeof(long),
        TypeCode.UInt64 => typeof(ulong),
        TypeCode.Single => typeof(float),
        TypeCode.Double => typeof(double),
        TypeCode.Decimal => typeof(decimal),
        _ => null,
    };

    /// <summary>0 for everything that is not a scalar; enumerations are not, since their type must cross.</summary>
    private static int SizeOfScalar(Type type) => type.IsEnum ? 0 : Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean or TypeCode.SByte or TypeCode.Byte => 1,
        TypeCode.Char or TypeCode.Int16 or TypeCode.UInt16 => 2,
        TypeCode.Int32 or TypeCode.UInt32 or TypeCode.Single => 4,
        TypeCode.Int64 or TypeCode.UInt64 or TypeCode.Double => 8,
        TypeCode.Decimal => 16,
        _ => 0,
    };
}
