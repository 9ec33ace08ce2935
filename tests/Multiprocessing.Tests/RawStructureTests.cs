using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using CsCheck;

namespace Multiprocessing.Tests;

/// <summary>Structures without references cross as their bytes: all that are values arrive, and nothing else does.</summary>
public sealed class RawStructureTests
{
    public static TheoryData<object> Contents => new((object[])[
        true, (byte)1, (sbyte)-1, (short)-2, (ushort)2, 'c', 3, 3u, -4L, 4ul, 1.5f, 2.5, 1.5m, DateTime.MaxValue, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(1)), DateOnly.MaxValue, TimeOnly.MaxValue,
        TimeSpan.MinValue, Guid.Parse("00000000-0000-0000-0000-000000000001"), new Rune('x'), Half.Pi, Int128.MinValue, UInt128.MaxValue, DayOfWeek.Friday, 1..^2, (1, true), (true, 2L), (1, (int?)5), KeyValuePair.Create(1, (DateTime?)DateTime.MaxValue),
        new Packed { Flag = true, Number = 0x0102030405 }, new Around<decimal>(1, 2, null, 3)]);

    [Theory]
    [MemberData(nameof(Contents), DisableDiscoveryEnumeration = true)]
    public void A_nullable_field_of_any_type_arrives(object content) =>
        typeof(RawStructureTests).GetMethod(nameof(Check), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(content.GetType())
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, [content], null);

    private static void Check<T>(T content)
        where T : struct
    {
        foreach (Around<T> value in (Around<T>[])[new(1, content, null, 2), new(255, null, content, -1), new(0, content, content, int.MaxValue), default])
        {
            Assert.NotNull(RawValues.Of(value.GetType()));
            Assert.Equal(value, Message.RoundTrip(value));
            Assert.Equal(value, Message.RoundTrip((object)value));
            Assert.Equal(new[] { value, default }, Message.RoundTrip(new[] { value, default }));
            Assert.Equal([value], Message.RoundTrip(new List<Around<T>> { value }));
            Assert.Equal((value, 5), Message.RoundTrip<(Around<T>, int)>((value, 5)));
            Assert.Equal(value, Message.RoundTrip(new Holder<Around<T>> { Value = value }).Value);
        }

        // Each of its bytes may be wrong: it is refused, or a value that says nothing else than its bytes.
        byte[] message = Message.Of(new Around<T>(1, content, content, 2));
        for (int i = message.Length - Unsafe.SizeOf<Around<T>>(); i < message.Length; i++)
        {
            byte[] changed = [.. message];
            changed[i] = 0xC8;
            try
            {
                Assert.IsType<Around<T>>(Message.Read(changed)).ToString();
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public void The_flag_of_a_nullable_field_is_looked_at()
    {
        byte[] message = Message.Of(new Around<int>(1, 5, null, 2));
        int flag = message.AsSpan().LastIndexOf(new byte[] { 1, 0, 0, 0, 5 });
        Assert.True(flag > 0);
        message[flag] = 2;
        Assert.Throws<InvalidDataException>(() => Message.Read(message));
        WireWriter writer = new();
        ValueSerializer.Write(writer, new Around<int>(1, 5, null, 2), Subject.Message);
        byte[] typed = writer.Written.ToArray();
        typed[^(message.Length - flag)] = 2;
        Assert.Throws<InvalidDataException>(() =>
        {
            WireReader reader = new(typed);
            ValueSerializer.Read<Around<int>>(ref reader);
        });
    }

    [Fact]
    public void Nullable_fields_arrive_whatever_they_hold() =>
        Gen.Select(Gen.Byte, Gen.Int.Nullable(), Gen.Decimal.Nullable(), Gen.DateTime.Nullable(), Gen.Bool.Nullable(), Gen.Long).Sample(
            (a, b, c, d, e, f) =>
            {
                Many value = new(a, b, c, d, e, f);
                return Message.RoundTrip(value) == value && (Many)Message.RoundTrip((object)value)! == value && Message.RoundTrip(new[] { value, value })[1] == value;
            },
            iter: 2000);

    // ---- Fields over each other ----
    [Fact]
    public void What_lies_over_a_field_that_cannot_hold_everything_is_refused_where_it_is_sent()
    {
        foreach (object value in (object[])[new FlagOverNumber { Number = 7 }, new FlagOverNumber[1], new Holder<FlagOverNumber>(), new List<FlagOverNumber> { default }, (1, default(FlagOverNumber)), new MoneyOverNumbers()])
        {
            Assert.Contains("lie over each other", Assert.Throws<NotSerializableException>(() => Message.Of(value)).Message, StringComparison.Ordinal);
        }

        Assert.Throws<NotSerializableException>(() => Message.RoundTrip(new FlagOverNumber { Number = 7 }));
        Assert.Equal(1.5f, Message.RoundTrip(new NumberOverNumber { Fraction = 1.5f }).Fraction);
        Assert.True(Message.RoundTrip(new Beside { Flag = true, Number = 7 }) is { Flag: true, Number: 7 });
    }

    // ---- Memory that the sender still writes ----
    [Fact]
    public async Task What_is_given_out_is_what_was_looked_at()
    {
        byte[] message = Message.Of(new bool[100_000]);
        using CancellationTokenSource end = new();
        Task change = Task.Factory.StartNew(
            () =>
            {
                while (!end.IsCancellationRequested)
                {
                    Volatile.Write(ref message[^1], 7);
                    Volatile.Write(ref message[^1], 1);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        int arrived = 0;
        int refused = 0;
        for (long start = Environment.TickCount64; (arrived < 500 || refused < 500) && Environment.TickCount64 - start < 5000;)
        {
            try
            {
                bool[] flags = Assert.IsType<bool[]>(Message.Read(message));
                arrived++;
                Assert.InRange(Unsafe.As<bool, byte>(ref flags[^1]), 0, 1);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        await end.CancelAsync();
        await change;
    }

    // ---- Queues ----
    [Fact]
    public void An_item_of_a_queue_that_is_no_value_is_refused()
    {
        using ProcessQueue<(int, bool)> queue = new();
        (int, bool) item = (1, true);
        Unsafe.As<bool, byte>(ref item.Item2) = 7;
        queue.Put(item);
        queue.Put((2, true));
        Assert.Throws<InvalidDataException>(() => queue.Get());
        Assert.Equal((2, true), queue.Get());
    }

    [StructLayout(LayoutKind.Auto)]
    public record struct Around<T>(byte Before, T? Some, T? None, int After)
        where T : struct;

    [StructLayout(LayoutKind.Sequential)]
    public record struct Many(byte A, int? B, decimal? C, DateTime? D, bool? E, long F);

    public sealed class Holder<T>
    {
        public T? Value { get; set; }
    }

#pragma warning disable CA1051 // public fields are what is tested
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Packed
    {
        public bool Flag;
        public long Number;
    }

    [StructLayout(LayoutKind.Explicit)]
    public struct FlagOverNumber
    {
        [FieldOffset(0)]
        public bool Flag;

        [FieldOffset(0)]
        public long Number;
    }

    [StructLayout(LayoutKind.Explicit)]
    public struct MoneyOverNumbers
    {
        [FieldOffset(8)]
        public Guid Number;

        [FieldOffset(0)]
        public decimal Money;
    }

    [StructLayout(LayoutKind.Explicit)]
    public struct NumberOverNumber
    {
        [FieldOffset(0)]
        public float Fraction;

        [FieldOffset(0)]
        public int Number;
    }

    [StructLayout(LayoutKind.Explicit)]
    public struct Beside
    {
        [FieldOffset(8)]
        public bool Flag;

        [FieldOffset(0)]
        public long Number;
    }
#pragma warning restore CA1051
}
