using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text;
using CsCheck;

namespace Multiprocessing.Tests;

/// <summary>Bytes from a peer are never trusted.</summary>
public sealed class MalformedMessageTests
{
    private static readonly byte[][] s_messages = [.. new object?[]
    {
        42, 1.5m, true, DateTime.UtcNow, "text", DayOfWeek.Friday, Guid.NewGuid(), DateTimeOffset.UtcNow, new int[] { 1, 2, 3 }, new bool[] { true }, new decimal[] { 1 }, new string?[] { "a", null },
        new object?[] { 42, null, "hello", new Order(1, "a", [new(2, "b", [], null)], new Order(3, "c", [], null)) }, new Dictionary<string, Order> { ["x"] = new(1, "a", [], null) }, new List<(string, int)> { ("a", 1) },
        new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "a" }, ImmutableArray.Create(1, 2), BigInteger.Pow(7, 99), new Uri("https://example.org"), new int[2, 3], new StringBuilder("abc"), CultureInfo.InvariantCulture,
        new SortedDictionary<int, string> { [1] = "a" }, new Func<int>(() => 5), new Queue<int>([1]), new int?[] { 1, null }, new Version(1, 2), (1, "a", 2.5), new LinkedList<string>(["a"]),
    }.Select(value => Message.Of(value))];

    [Fact]
    public void A_message_cut_anywhere_is_an_InvalidDataException()
    {
        foreach (byte[] message in s_messages)
        {
            for (int length = 0; length < message.Length; length++)
            {
                Assert.Throws<InvalidDataException>(() => Message.Read(message.AsSpan(0, length)));
            }
        }
    }

    [Fact]
    public void A_message_with_bytes_changed_is_a_value_or_an_InvalidDataException() =>
        Gen.Select(Gen.Int[0, s_messages.Length - 1], Gen.Select(Gen.Int[0, 10_000], Gen.Byte).Array[1, 4], Gen.Bool).Sample(
            (number, changes, trusted) =>
            {
                byte[] message = [.. s_messages[number]];
                foreach ((int position, byte value) in changes)
                {
                    message[position % message.Length] = value;
                }

                Attempt(message, trusted);
            },
            iter: 50_000);

    [Fact]
    public void Random_bytes_are_a_value_or_an_InvalidDataException() =>
        Gen.Select(Gen.Byte.Array[0, 64], Gen.Bool).Sample((bytes, trusted) => Attempt(bytes, trusted), iter: 50_000);

    [Fact]
    public void A_count_that_the_bytes_cannot_hold_costs_no_memory()
    {
        foreach (byte[] message in s_messages)
        {
            for (int i = 0; i + sizeof(int) <= message.Length; i++)
            {
                foreach (int count in (int[])[int.MaxValue, int.MaxValue / 2, 0x0FFF_FFFF, -1])
                {
                    byte[] changed = [.. message];
                    BitConverter.TryWriteBytes(changed.AsSpan(i), count);
                    Attempt(changed, trusted: true);
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    Attempt(changed, trusted: true);
                    Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000); // an exception and its stack in words, not what is announced
                }
            }
        }
    }

    [Fact]
    public void Values_nested_without_end_are_an_InvalidDataException()
    {
        WireWriter arrays = new();
        WireWriter types = new();
        types.Byte((byte)Tag.RawArray);
        for (int i = 0; i < 100_000; i++)
        {
            arrays.Byte((byte)Tag.Array);
            arrays.Raw([0, 15]); // of objects
            arrays.Int32(1);
            types.Byte(2); // an array of
        }

        Assert.Contains("deep", Assert.Throws<InvalidDataException>(() => Message.Read(arrays.Written)).Message, StringComparison.Ordinal);
        Assert.Contains("deep", Assert.Throws<InvalidDataException>(() => Message.Read(types.Written)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_nested_deeper_than_a_reader_goes_is_refused_where_it_is_sent()
    {
        object value = 1;
        for (int i = 0; i < 300; i++)
        {
            value = new object[] { value };
        }

        Assert.Contains("nested more than 256 deep", Assert.Throws<NotSerializableException>(() => Message.Of(value)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bits_that_are_no_value_are_refused()
    {
        Assert.Throws<InvalidDataException>(() => Message.Read([(byte)Tag.Boolean, 2]));
        Assert.Throws<InvalidDataException>(() => Message.Read([(byte)Tag.Decimal, 0, 0, 0xC8, 0, .. new byte[12]]));
        Assert.Throws<InvalidDataException>(() => Message.Read([(byte)Tag.DateTime, .. new byte[] { 255, 255, 255, 255, 255, 255, 255, 63 }]));
        byte[] message = Message.Of(new Flagged(1, true, 2));
        int flag = message.Length - 8;
        Assert.Equal(1, message[flag]);
        message[flag] = 7;
        Assert.Throws<InvalidDataException>(() => Message.Read(message));
        byte[] nullable = Message.Of(new int?[] { 5 });
        nullable[^8] = 3;
        Assert.Throws<InvalidDataException>(() => Message.Read(nullable));
    }

    [Fact]
    public void A_constructor_that_throws_makes_the_message_an_invalid_one()
    {
        byte[] message = Message.Of(new Picky(5));
        message[^4] = 200;
        Assert.IsType<ArgumentOutOfRangeException>(Assert.Throws<InvalidDataException>(() => Message.Read(message)).InnerException);
    }

    // ---- A peer that is not trusted ----
    [Fact]
    public void An_untrusted_peer_may_send_what_was_asked_for_and_what_needs_no_type()
    {
        Order order = new(1, "a", [new(2, "b", [], null)], 7);
        Assert.Equivalent(order, Message.Read(Message.Of(order), TypeReference.PartsOf(typeof(Order))), strict: true);
        Assert.Equal(5, Message.Read(Message.Of(5), typeof(Order)));
        Assert.Equal([1, 2], Assert.IsType<int[]>(Message.Read(Message.Of(new[] { 1, 2 }), typeof(Order))));
        Assert.Equal(["a", 1, null], Assert.IsType<object?[]>(Message.Read(Message.Of(new object?[] { "a", 1, null }), typeof(Order))));
        Assert.Equal([1], Assert.IsType<List<int>>(Message.Read(Message.Of(new List<int> { 1 }), TypeReference.PartsOf(typeof(List<int>)))));
    }

    public static TheoryData<object> Hostile => new((object[])[
        new Deleting { Path = "x" }, new Order(1, "a", [], new Deleting { Path = "x" }), new List<Deleting> { new() { Path = "x" } }, new object[] { new Deleting { Path = "x" } }, new Deleting[1], new Derived { Path = "x" },
        new Func<int>(() => 5), new object[] { new Func<int>(() => 5) }, DayOfWeek.Friday, Guid.Empty, new Uri("https://example.org"), new List<int> { 1 }]);

    [Theory]
    [MemberData(nameof(Hostile), DisableDiscoveryEnumeration = true)]
    public void Nothing_else_is_made_for_an_untrusted_peer_at_any_depth(object value)
    {
        Deleting.Count = 0;
        byte[] message = Message.Of(value);
        Assert.Throws<InvalidDataException>(() => Message.Read(message, TypeReference.PartsOf(typeof(Order))));
        Assert.Equal(0, Deleting.Count);
    }

    [Fact]
    public void A_type_named_by_an_untrusted_peer_is_not_looked_up()
    {
        int lookups = 0;
        ResolveEventHandler count = (_, _) =>
        {
            lookups++;
            return null;
        };
        AppDomain.CurrentDomain.AssemblyResolve += count;
        try
        {
            foreach (string name in (string[])["System.Diagnostics.Process, System.Diagnostics.Process", "Evil, Evil", typeof(Deleting).AssemblyQualifiedName!])
            {
                foreach (Tag tag in (Tag[])[Tag.Converted, Tag.Raw, Tag.RawArray, Tag.Array, Tag.Crossing])
                {
                    WireWriter type = new();
                    type.Byte(4); // by name
                    type.String(name);
                    WireWriter writer = new();
                    writer.Byte((byte)tag);
                    if (tag == Tag.Converted)
                    {
                        writer.Byte(255);
                        writer.Bytes(type.Written);
                    }
                    else
                    {
                        writer.Raw(type.Written);
                    }

                    writer.Raw(new byte[64]);
                    Assert.Throws<InvalidDataException>(() => Message.Read(writer.Written, typeof(Order)));
                }
            }
        }
        finally
        {
            AppDomain.CurrentDomain.AssemblyResolve -= count;
        }

        Assert.Equal(0, lookups);
    }

    [Fact]
    public void A_type_that_never_crosses_is_not_made_for_a_trusted_peer_either()
    {
        foreach (Type type in (Type[])[typeof(Process), typeof(FileStream), typeof(Stream), typeof(Timer), typeof(int?)])
        {
            WireWriter writer = new();
            writer.Byte((byte)Tag.Converted);
            TypeReference.WriteNumbered(writer, type);
            writer.Raw(new byte[64]);
            Assert.Throws<InvalidDataException>(() => Message.Read(writer.Written));
        }
    }

    private static void Attempt(byte[] message, bool trusted)
    {
        try
        {
            _ = trusted ? Message.Read(message) : Message.Read(message, TypeReference.PartsOf(typeof(List<Order>)));
        }
        catch (InvalidDataException)
        {
            // what a malformed message is to give
        }
    }

    public sealed record Order(int Number, string? Text, List<Order> Parts, object? Any);

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
    public readonly record struct Flagged(int A, bool Flag, int B);

    public sealed class Picky
    {
        public Picky(int number)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(number, 100);
            Number = number;
        }

        public int Number { get; }
    }

    /// <summary>Would delete a file when it is made.</summary>
    public class Deleting
    {
        private string? _path;

        public static int Count { get; set; }

        public string? Path
        {
            get => _path;
            set
            {
                Count++;
                _path = value;
            }
        }
    }

    public sealed class Derived : Deleting;
}
