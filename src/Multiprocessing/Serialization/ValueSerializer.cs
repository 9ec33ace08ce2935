using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Multiprocessing;

/// <summary>
/// The seam through which every argument, captured variable, result and message crosses: one value in, bytes, the same value out.
/// Scalars, strings, structures without references and arrays have their own short forms, so that a start that sends nothing else loads no
/// serializer; every other type has a <see cref="Converter"/>.
/// </summary>
internal static class ValueSerializer
{
    /// <param name="writer">Where to write.</param>
    /// <param name="value">The value; its own type crosses, not the one it is declared with.</param>
    /// <param name="declared">The type it is declared with: what it arrives as where its own type cannot be made again, such as a lazy sequence.</param>
    /// <param name="subject">What it is, in words, for a refusal.</param>
    /// <exception cref="NotSerializableException">The value cannot cross; nothing was written.</exception>
    internal static void Write(WireWriter writer, object? value, Type declared, in Subject subject)
    {
        if (TryWriteScalar(writer, value))
        {
            return;
        }

        int start = writer.Length;
        int descriptors = writer.Descriptors.Length;
        int depth = writer.Depth;
        try
        {
            writer.Enter(value!.GetType());
            WriteNested(writer, value, declared);
        }
        catch (Exception exception)
        {
            writer.Truncate(start, descriptors);
            if (exception is RefusedException refused)
            {
                throw refused.For(value!, subject);
            }

            throw; // the user's own property threw, or a handle was closed
        }
        finally
        {
            writer.Return(depth);
        }
    }

    /// <summary>As the other overload, for a message whose type is known where it is sent. Nothing is boxed, and nothing looked up.</summary>
    internal static void Write<T>(WireWriter writer, T value, in Subject subject)
    {
        if (!RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            if (Typed<T>.RawHeader is { } header)
            {
                writer.Raw(header);
                RawValues.Write(writer, value);
                return;
            }
        }
        else if (typeof(T) != typeof(object) && writer.Depth == 0 && Typed<T>.Leaf is { } leaf && value is not null && value.GetType() == typeof(T))
        {
            int start = writer.Length;
            try
            {
                writer.Raw(Typed<T>.LeafHeader);
                leaf.Write(writer, value);
                return;
            }
            catch (Exception exception)
            {
                writer.Truncate(start, writer.Descriptors.Length); // what holds no object holds no descriptor
                if (exception is RefusedException refused)
                {
                    throw refused.For(value, subject);
                }

                throw;
            }
        }

        Write(writer, value, typeof(T), subject);
    }

    /// <summary>Writes a value that is its bytes, without a writer.</summary>
    /// <param name="value">The value.</param>
    /// <param name="message">Where to write.</param>
    /// <returns>How long the message is; 0 when it takes a writer, or more room.</returns>
    internal static int TryWrite<T>(in T value, Span<byte> message)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>() || Typed<T>.RawHeader is not { } header || header.Length + Unsafe.SizeOf<T>() > message.Length)
        {
            return 0;
        }

        header.CopyTo(message);
        Unsafe.WriteUnaligned(ref message[header.Length], value);
        return header.Length + Unsafe.SizeOf<T>();
    }

    /// <summary>Whether a message is of a kind that leaves its reader no choice of types: null, a number or text.</summary>
    internal static bool NamesNoTypes(ReadOnlySpan<byte> message) => !message.IsEmpty && message[0] <= (byte)Tag.String;

    /// <exception cref="InvalidDataException">The bytes are not what was written, or the value is no <typeparamref name="T"/>.</exception>
    internal static T Read<T>(ref WireReader reader)
    {
        if (!RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            if (Typed<T>.RawHeader is { } header && reader.TryTake(header))
            {
                try
                {
                    return RawValues.Read<T>(ref reader);
                }
                catch (Exception exception) when (exception is not (InvalidDataException or OutOfMemoryException))
                {
                    throw NoSuchValue(exception);
                }
            }
        }
        else if (typeof(T) != typeof(object) && reader.Depth == 0 && reader.MayMake(typeof(T)) && Typed<T>.Leaf is { } leaf && reader.TryTake(Typed<T>.LeafHeader))
        {
            try
            {
                return leaf.Read(ref reader, -1);
            }
            catch (Exception exception) when (exception is not (InvalidDataException or OutOfMemoryException))
            {
                throw NoSuchValue(exception);
            }
        }

        return ReadAny<T>(ref reader);
    }

    /// <exception cref="InvalidDataException">The bytes are not what was written.</exception>
    internal static object? Read(ref WireReader reader) => ReadAny<object?>(ref reader);

    private static T ReadAny<T>(ref WireReader reader)
    {
        int depth = reader.Depth;
        try
        {
            reader.Enter();
            object? read = ReadNested(ref reader, (Tag)reader.Byte());
            reader.End(depth);
            return read switch
            {
                T value => value,
                null when default(T) is null => default!,
                null => throw new InvalidDataException($"The message holds null, not {TypeNames.Article(typeof(T))}."),
                object other => throw new InvalidDataException($"The message holds {TypeNames.Article(other.GetType())}, not {TypeNames.Article(typeof(T))}."),
            };
        }
        catch (Exception exception)
        {
            reader.Abandon(depth);
            if (exception is InvalidDataException or OutOfMemoryException)
            {
                throw;
            }

            throw NoSuchValue(exception); // constructors of the user's types have run, and the runtime has looked for types that the peer named
        }
        finally
        {
            reader.Return(depth);
        }
    }

    /// <summary>Whether values of the type have a form of their own here, or may be of several types that do, so that no converter is asked for.</summary>
    internal static bool HasOwnForm(Type type) =>
        type.IsInterface || type.IsAbstract || type == typeof(object) || type == typeof(string) || typeof(ICrossing).IsAssignableFrom(type)
        || type == typeof(Socket) || type == typeof(SafeFileHandle)
        || (type.IsSZArray && type.GetElementType()! is var element && (IsObject(element) || RawValues.Of(element) is not null));

    /// <summary>Whether what is declared with the type is an object; pointers are not, though they are no structures either.</summary>
    private static bool IsObject(Type type) => !type.IsValueType && !type.IsPointer && !type.IsFunctionPointer;

    /// <summary>Whatever it is, as part of a value.</summary>
    /// <exception cref="RefusedException">It cannot cross.</exception>
    internal static void WriteNested(WireWriter writer, object value, Type declared)
    {
        if (TryWriteScalar(writer, value))
        {
            return;
        }

        switch (value)
        {
            case Array array when value.GetType().IsSZArray && HasOwnForm(value.GetType()):
                WriteArray(writer, array);
                break;
            case Delegate x:
                if (DelegateSerializer.Against(x) is { } refusal)
                {
                    throw new RefusedException(x.GetType(), refusal);
                }

                writer.Byte((byte)Tag.Delegate);
                DelegateSerializer.Write(writer, x, Subject.Target);
                break;
            case ICrossing or Socket or SafeFileHandle:
                DescriptorValues.Write(writer, value);
                break;
            default:
                WriteConverted(writer, value, declared);
                break;
        }
    }

    internal static object? ReadNested(ref WireReader reader, Tag tag) => tag switch
    {
        Tag.Null => null,
        Tag.Boolean => RawValues.Read<bool>(ref reader),
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
        Tag.Decimal => RawValues.Read<decimal>(ref reader),
        Tag.DateTime => RawValues.Read<DateTime>(ref reader),
        Tag.String => reader.String(),
        Tag.Raw => ReadRaw(ref reader),
        Tag.RawArray => ReadRawArray(ref reader),
        Tag.Array => ReadArray(ref reader),
        Tag.Delegate when reader.Asked is null => DelegateSerializer.Read(ref reader),
        Tag.Converted => ReadConverted(ref reader),
        Tag.Back => reader.Received.Get(reader.Int32()),
        Tag.Crossing or Tag.Socket or Tag.FileHandle => DescriptorValues.Read(ref reader, tag),
        _ => throw new InvalidDataException($"The message has a value of the unknown kind {(byte)tag}."),
    };

    /// <summary>Writes the number of an object that was written before in this value.</summary>
    /// <returns>False: it was not, or needs no number. It is to be written now, and then <see cref="Finish"/> called.</returns>
    internal static bool TryRefer(WireWriter writer, object value, Converter converter, out int number)
    {
        if (converter.HasIdentity && !(writer.Depth == 1 && converter.IsLeaf))
        {
            return TryRefer(writer, value, converter.CanHoldItself, out number);
        }

        number = -1;
        return false;
    }

    internal static bool TryRefer(WireWriter writer, object value, bool canHoldItself, out int number)
    {
        if (writer.Sent.TryAdd(value, canHoldItself, out number))
        {
            return false;
        }

        writer.Byte((byte)Tag.Back);
        writer.Int32(number);
        return true;
    }

    internal static void Finish(WireWriter writer, Converter converter, int number)
    {
        if (number >= 0 && !converter.CanHoldItself)
        {
            writer.Sent.Finish(number);
        }
    }

    private static InvalidDataException NoSuchValue(Exception exception) => new($"The message does not hold what it says: {exception.Message}", exception);

    private static bool TryWriteScalar(WireWriter writer, object? value)
    {
        switch (value)
        {
            case null: writer.Byte((byte)Tag.Null); return true;
            case Enum: WriteRaw(writer, value, RawValues.Of(value.GetType())!); return true;
            case bool x: WriteScalar(writer, Tag.Boolean, x); return true;
            case char x: WriteScalar(writer, Tag.Char, x); return true;
            case sbyte x: WriteScalar(writer, Tag.SByte, x); return true;
            case byte x: WriteScalar(writer, Tag.Byte, x); return true;
            case short x: WriteScalar(writer, Tag.Int16, x); return true;
            case ushort x: WriteScalar(writer, Tag.UInt16, x); return true;
            case int x: WriteScalar(writer, Tag.Int32, x); return true;
            case uint x: WriteScalar(writer, Tag.UInt32, x); return true;
            case long x: WriteScalar(writer, Tag.Int64, x); return true;
            case ulong x: WriteScalar(writer, Tag.UInt64, x); return true;
            case float x: WriteScalar(writer, Tag.Single, x); return true;
            case double x: WriteScalar(writer, Tag.Double, x); return true;
            case decimal x: WriteScalar(writer, Tag.Decimal, x); return true;
            case DateTime x: WriteScalar(writer, Tag.DateTime, x); return true;
            case string x: writer.Byte((byte)Tag.String); writer.String(x); return true;
            case ValueType when RawValues.Of(value.GetType()) is { } layout: WriteRaw(writer, value, layout); return true;
            default: return false;
        }
    }

    private static void WriteScalar<T>(WireWriter writer, Tag tag, T value)
        where T : unmanaged
    {
        writer.Byte((byte)tag);
        writer.Unmanaged(value);
    }

    private static void WriteRaw(WireWriter writer, object value, RawLayout layout)
    {
        writer.Byte((byte)Tag.Raw);
        TypeReference.Write(writer, value.GetType());
        RawValues.WriteBoxed(writer, value, layout);
    }

    private static object ReadRaw(ref WireReader reader)
    {
        Type type = TypeReference.Read(ref reader);
        return RawValues.ReadBoxed(ref reader, type, (Nullable.GetUnderlyingType(type) is null ? RawValues.Of(type) : null) ?? throw new InvalidDataException($"The message says that {TypeNames.Display(type)} is a structure without references."));
    }

    private static void WriteArray(WireWriter writer, Array array)
    {
        Type element = array.GetType().GetElementType()!;
        RawLayout? layout = RawValues.Of(element);
        if ((writer.Depth > 1 || layout is null) && TryRefer(writer, array, canHoldItself: true, out _))
        {
            return;
        }

        writer.Byte((byte)(layout is null ? Tag.Array : Tag.RawArray));
        TypeReference.Write(writer, element);
        if (layout is not null)
        {
            RawValues.WriteArray(writer, array, layout);
            return;
        }

        writer.Int32(array.Length);
        writer.Enter(array.GetType());
        foreach (object? item in Unsafe.As<object?[]>(array))
        {
            if (item is null)
            {
                writer.Byte((byte)Tag.Null);
            }
            else
            {
                WriteNested(writer, item, element);
            }
        }

        writer.Leave();
    }

    private static Array ReadRawArray(ref WireReader reader)
    {
        int number = reader.Depth > 1 ? reader.Received.Reserve() : -1;
        Type element = TypeReference.ReadElement(ref reader);
        Array array = RawValues.ReadArray(ref reader, element, RawValues.Of(element) ?? throw new InvalidDataException($"The message says that {TypeNames.Display(element)} is a structure without references."));
        if (number >= 0)
        {
            reader.Received.SetWhole(number, array);
        }

        return array;
    }

    private static Array ReadArray(ref WireReader reader)
    {
        int number = reader.Received.Reserve();
        Type element = TypeReference.ReadElement(ref reader);
        if (!IsObject(element))
        {
            throw new InvalidDataException($"The message says that {TypeNames.Display(element)} is a class.");
        }

        int count = reader.Count();
        Array array = Array.CreateInstance(element, count);
        reader.Received.Set(number, array);
        object?[] items = Unsafe.As<object?[]>(array);
        int outer = reader.Received.Begin();
        reader.Enter();
        for (int i = 0; i < count; i++)
        {
            items[i] = ReadNested(ref reader, (Tag)reader.Byte()); // the runtime checks that it fits
        }

        reader.Leave();
        reader.Received.Finish(number, array, outer);
        return array;
    }

    private static void WriteConverted(WireWriter writer, object value, Type declared)
    {
        if (!Converters.TryFind(value.GetType(), out Converter? converter, out Refusal? refusal))
        {
            value = DeclaredCollection.From(value, declared) ?? throw new RefusedException(value.GetType(), refusal!);
            converter = Converters.Of(value.GetType());
        }

        if (TryRefer(writer, value, converter, out int number))
        {
            return;
        }

        writer.Byte((byte)Tag.Converted);
        TypeReference.WriteNumbered(writer, converter.Type);
        writer.Enter(converter.Type);
        converter.WriteObject(writer, value);
        writer.Leave();
        Finish(writer, converter, number);
    }

    private static object ReadConverted(ref WireReader reader)
    {
        Type type = TypeReference.ReadNumbered(ref reader);
        Converter converter = Converters.ToRead(type);
        return ReadNumbered(ref reader, converter);
    }

    /// <summary>An object, which has the next number if it has one.</summary>
    internal static object ReadNumbered(ref WireReader reader, Converter converter)
    {
        if (!converter.HasIdentity || (reader.Depth == 1 && converter.IsLeaf))
        {
            reader.Enter();
            object whole = converter.ReadObject(ref reader, -1);
            reader.Leave();
            return whole;
        }

        int number = reader.Received.Reserve();
        int outer = reader.Received.Begin();
        reader.Enter();
        object value = converter.ReadObject(ref reader, number);
        reader.Leave();
        reader.Received.Finish(number, value, outer);
        return value;
    }

    /// <summary>What is found out about a type once, and then used for each message.</summary>
    private static class Typed<T>
    {
        /// <summary>How a message of this structure begins; null: it is no structure without references.</summary>
        internal static readonly byte[]? RawHeader = MakeRawHeader();

        /// <summary>Set for an object that holds no other object.</summary>
        internal static readonly Converter<T>? Leaf = FindLeaf();

        internal static readonly byte[] LeafHeader = Leaf is null ? [] : Header(writer =>
        {
            writer.Byte((byte)Tag.Converted);
            TypeReference.WriteNumbered(writer, typeof(T));
        });

        private static byte[]? MakeRawHeader() => ScalarTag() is { } tag
            ? [(byte)tag]
            : Nullable.GetUnderlyingType(typeof(T)) is not null || RawValues.Of(typeof(T)) is null ? null : Header(writer =>
            {
                writer.Byte((byte)Tag.Raw);
                TypeReference.Write(writer, typeof(T));
            });

        private static Tag? ScalarTag() => typeof(T).IsEnum ? null : Type.GetTypeCode(typeof(T)) switch
        {
            TypeCode.Boolean => Tag.Boolean,
            TypeCode.Char => Tag.Char,
            TypeCode.SByte => Tag.SByte,
            TypeCode.Byte => Tag.Byte,
            TypeCode.Int16 => Tag.Int16,
            TypeCode.UInt16 => Tag.UInt16,
            TypeCode.Int32 => Tag.Int32,
            TypeCode.UInt32 => Tag.UInt32,
            TypeCode.Int64 => Tag.Int64,
            TypeCode.UInt64 => Tag.UInt64,
            TypeCode.Single => Tag.Single,
            TypeCode.Double => Tag.Double,
            TypeCode.Decimal => Tag.Decimal,
            TypeCode.DateTime => Tag.DateTime,
            _ => null,
        };

        private static Converter<T>? FindLeaf()
        {
            try
            {
                return RuntimeHelpers.IsReferenceOrContainsReferences<T>() && !HasOwnForm(typeof(T)) && Converters.Of(typeof(T)) is Converter<T> { IsLeaf: true } leaf ? leaf : null;
            }
            catch (RefusedException)
            {
                return null; // the value that is to be written will say so
            }
        }

        private static byte[] Header(Action<WireWriter> write)
        {
            WireWriter writer = new();
            write(writer);
            return writer.Written.ToArray();
        }
    }
}
