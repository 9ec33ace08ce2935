using System.Collections.Concurrent;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Multiprocessing;

/// <summary>Structures without references, which cross as their bytes. Both processes run the same build, so that the layout is the same.</summary>
/// <remarks>
/// Not every pattern of bits is a value: a peer could send a decimal with a scale of 200, on which the framework's arithmetic would read
/// beyond its tables. So what comes in is checked (<see cref="RawCheck"/>) before anybody sees it.
/// </remarks>
internal static class RawValues
{
    private static readonly ConcurrentDictionary<Type, RawLayout> s_layouts = new();

    /// <summary>The layout of such a structure; null for any other type.</summary>
    internal static RawLayout? Of(Type type)
    {
        if (!type.IsValueType)
        {
            return null;
        }

        RawLayout layout = s_layouts.TryGetValue(type, out RawLayout? known) ? known : s_layouts.GetOrAdd(type, RawLayout.Make(type));
        return layout.Size > 0 ? layout : null;
    }

    internal static void Write<T>(WireWriter writer, T value) => Unsafe.WriteUnaligned(ref MemoryMarshal.GetReference(writer.Space(Unsafe.SizeOf<T>())), value);

    /// <exception cref="InvalidDataException">The bytes are no such value.</exception>
    internal static T Read<T>(ref WireReader reader)
    {
        T value = Unsafe.ReadUnaligned<T>(ref MemoryMarshal.GetReference(reader.Raw(Unsafe.SizeOf<T>())));
        Require(ref value);
        return value;
    }

    /// <summary>That a structure that came as its bytes is one.</summary>
    /// <param name="value">The copy that is given out: the bytes may lie in memory that their sender can still write.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Require<T>(ref T value)
    {
        if (LayoutOf<T>.Checks.Length > 0)
        {
            RawCheck.All(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, byte>(ref value), Unsafe.SizeOf<T>()), LayoutOf<T>.Checks, typeof(T));
        }
    }

    internal static void WriteBoxed(WireWriter writer, object value, RawLayout layout) => writer.Raw(BytesOf(value, layout.Size));

    internal static object ReadBoxed(ref WireReader reader, Type type, RawLayout layout)
    {
        object value = RuntimeHelpers.GetUninitializedObject(type);
        Span<byte> bytes = BytesOf(value, layout.Size);
        reader.Raw(layout.Size).CopyTo(bytes);
        RawCheck.All(bytes, layout.Checks, type);
        return value;
    }

    internal static void WriteArray(WireWriter writer, Array array, RawLayout layout)
    {
        writer.Int32(array.Length);
        writer.Raw(BytesOf(array, layout));
    }

    internal static Array ReadArray(ref WireReader reader, Type element, RawLayout layout)
    {
        int count = reader.Count(layout.Size);
        Array array = element == typeof(byte) ? GC.AllocateUninitializedArray<byte>(count) : Array.CreateInstance(element, count);
        ReadInto(ref reader, array, element, layout);
        return array;
    }

    internal static void ReadInto(ref WireReader reader, Array array, Type element, RawLayout layout)
    {
        Span<byte> bytes = BytesOf(array, layout);
        reader.Raw(bytes.Length).CopyTo(bytes);
        if (layout.Checks.Length > 0) // of the copy: the sender may still be able to write where it came from
        {
            for (int i = 0; i < bytes.Length; i += layout.Size)
            {
                RawCheck.All(bytes.Slice(i, layout.Size), layout.Checks, element);
            }
        }
    }

    internal static Span<byte> BytesOf(Array array, RawLayout layout) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(array), checked(array.Length * layout.Size));

    /// <summary>The bytes of a boxed structure of that size.</summary>
    internal static Span<byte> BytesOf(object boxed, int size) => MemoryMarshal.CreateSpan(ref Unsafe.As<Box>(boxed).First, size);

    private static class LayoutOf<T>
    {
        internal static readonly RawCheck[] Checks = Of(typeof(T))?.Checks ?? [];
    }

    /// <summary>Has its first field where a boxed structure has its bytes.</summary>
    private sealed class Box
    {
        internal byte First;
    }
}

/// <param name="Size">In bytes; 0: it has references or addresses, or nobody can tell.</param>
/// <param name="Checks">What has to hold of the bytes.</param>
internal sealed record RawLayout(int Size, RawCheck[] Checks)
{
    private static RawLayout None { get; } = new(0, []);

    internal static RawLayout Make(Type type)
    {
        List<RawCheck> checks = [];
        return !type.IsByRefLike && TryAdd(checks, type, 0) ? new RawLayout(RuntimeHelpers.SizeOf(type.TypeHandle), [.. checks]) : None;
    }

    /// <summary>
    /// Whether fields lie over each other of which one cannot hold whatever the other does, such as a bool over a number. The receiver would take
    /// the number for a bool that is none.
    /// </summary>
    internal static bool IsAmbiguous(Type type)
    {
        if (!type.IsExplicitLayout || !type.IsValueType || type.IsEnum || type.IsPrimitive)
        {
            return false;
        }

        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        RawLayout?[] layouts = Array.ConvertAll(fields, field => RawValues.Of(field.FieldType));
        if (Array.IndexOf(layouts, null) >= 0)
        {
            return false; // it does not cross as its bytes
        }

        int[] starts = Array.ConvertAll(fields, field => OffsetOf(field, type));
        for (int i = 0; i < fields.Length; i++)
        {
            for (int j = 0; j < fields.Length; j++)
            {
                if (i != j && layouts[i]!.Checks.Length > 0 && starts[i] < starts[j] + layouts[j]!.Size && starts[j] < starts[i] + layouts[i]!.Size)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool TryAdd(List<RawCheck> checks, Type type, int offset)
    {
        if (type == typeof(nint) || type == typeof(nuint) || type.IsPointer || type.IsFunctionPointer || !type.IsValueType)
        {
            return false;
        }

        if (RawCheck.IsNeeded(type))
        {
            checks.Add(new RawCheck(type, offset));
            return true;
        }

        if (type.IsEnum || type.IsPrimitive || IsKnown(type))
        {
            return true;
        }

        if (Nullable.GetUnderlyingType(type) is { } content)
        {
            checks.Add(new RawCheck(typeof(bool), offset));
            return TryAdd(checks, content, offset + RuntimeHelpers.SizeOf(type.TypeHandle) - RuntimeHelpers.SizeOf(content.TypeHandle));
        }

        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        int repeats = type.GetCustomAttribute<InlineArrayAttribute>()?.Length ?? 1;
        if ((fields.Length == 0 && (RuntimeHelpers.SizeOf(type.TypeHandle) > 1 || KeptMembers.AreMissing(type))) || IsAmbiguous(type))
        {
            return false;
        }

        foreach (FieldInfo field in fields)
        {
            int before = checks.Count;
            if (!TryAdd(checks, field.FieldType, 0))
            {
                return false;
            }

            if (checks.Count == before)
            {
                continue;
            }

            RawCheck[] inner = [.. checks[before..]];
            checks.RemoveRange(before, inner.Length);
            int start = offset + OffsetOf(field, type);
            int stride = RuntimeHelpers.SizeOf(field.FieldType.TypeHandle);
            for (int i = 0; i < repeats; i++)
            {
                checks.AddRange(inner.Select(check => check with { Offset = start + (i * stride) + check.Offset }));
            }
        }

        return true;
    }

    /// <summary>Every pattern of their bits is a value, and their fields are not for reflection to see under Native AOT.</summary>
    private static bool IsKnown(Type type) =>
        type == typeof(Guid) || type == typeof(TimeSpan) || type == typeof(Half) || type == typeof(Int128) || type == typeof(UInt128)
        || type == typeof(Index) || type == typeof(Range) || type == typeof(Complex);

    /// <summary>
    /// Where a field stands in the managed layout, which only the runtime knows: the first byte that changes when the field does.
    /// (Not the first that becomes 255: setting a nullable field makes its flag 1.)
    /// </summary>
    private static int OffsetOf(FieldInfo field, Type type)
    {
        Array source = Array.CreateInstance(field.FieldType, 1);
        RawValues.BytesOf(source, new RawLayout(RuntimeHelpers.SizeOf(field.FieldType.TypeHandle), [])).Fill(byte.MaxValue);
        object boxed = RuntimeHelpers.GetUninitializedObject(type);
        field.SetValue(boxed, source.GetValue(0));
        Array target = Array.CreateInstance(type, 1);
        target.SetValue(boxed, 0);
        return RawValues.BytesOf(target, new RawLayout(RuntimeHelpers.SizeOf(type.TypeHandle), [])).IndexOfAnyExcept((byte)0);
    }
}

/// <summary>A place in a structure where not every pattern of bits is a value.</summary>
/// <param name="Type">The type that stands there.</param>
/// <param name="Offset">Where, in bytes.</param>
internal sealed record RawCheck(Type Type, int Offset)
{
    internal static bool IsNeeded(Type type) =>
        type == typeof(bool) || type == typeof(decimal) || type == typeof(DateTime) || type == typeof(DateTimeOffset)
        || type == typeof(DateOnly) || type == typeof(TimeOnly) || type == typeof(Rune);

    /// <exception cref="InvalidDataException">One does not hold.</exception>
    internal static void All(ReadOnlySpan<byte> bytes, RawCheck[] checks, Type type)
    {
        foreach (RawCheck check in checks)
        {
            if (!check.Holds(bytes[check.Offset..]))
            {
                throw new InvalidDataException($"The message has bytes that are no {TypeNames.Display(type)}.");
            }
        }
    }

    private bool Holds(ReadOnlySpan<byte> bytes)
    {
        if (Type == typeof(bool))
        {
            return bytes[0] <= 1;
        }

        if (Type == typeof(decimal))
        {
            int flags = MemoryMarshal.Read<int>(bytes);
            return (flags & ~0x80FF0000) == 0 && (flags & 0xFF0000) <= 28 << 16;
        }

        if (Type == typeof(DateTime))
        {
            return AreTicks(bytes);
        }

        if (Type == typeof(DateTimeOffset))
        {
            return IsDateTimeOffset(bytes);
        }

        return Type == typeof(DateOnly) ? MemoryMarshal.Read<uint>(bytes) <= (uint)DateOnly.MaxValue.DayNumber
            : Type == typeof(TimeOnly) ? MemoryMarshal.Read<ulong>(bytes) <= (ulong)TimeOnly.MaxValue.Ticks
            : Rune.IsValid(MemoryMarshal.Read<uint>(bytes));
    }

    /// <summary>The two highest bits are the kind.</summary>
    private static bool AreTicks(ReadOnlySpan<byte> bytes) => (MemoryMarshal.Read<ulong>(bytes) & (ulong.MaxValue >> 2)) <= (ulong)DateTime.MaxValue.Ticks;

    private static bool IsDateTimeOffset(ReadOnlySpan<byte> bytes)
    {
        DateTimeOffset value = MemoryMarshal.Read<DateTimeOffset>(bytes);
        try
        {
            return new DateTimeOffset(value.DateTime, value.Offset).EqualsExact(value); // the constructor looks at both
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
