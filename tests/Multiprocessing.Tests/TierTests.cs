using CsCheck;

namespace Multiprocessing.Tests;

/// <summary>A type's converters, slow and fast, read each other's bytes: one process may have gone over to the fast one before the other.</summary>
public sealed class TierTests
{
    public static TheoryData<object> Values => new((object[])[
        new Positional(1, "a", 2.5, null), new Filled { B = "x", A = 1, C = [1, 2], D = 5 }, new Mixed(1) { B = "b", C = 3 }, new Structure(1, "a"), new WithFields { Z = 1, A = "a" }, new InitOnly { A = 1, B = "b" },
        (1, "a"), ("a", (2, "b")), Tuple.Create(1, "a", 2.5), KeyValuePair.Create("a", 1), new Empty(), new Derived { A = 1, B = 2 }, new Generic<(int, string?)?>((1, "a")), new Generic<(int, string?)?>(null), new Nested(new(1, "a", 2, 3), [new(2, "b", 3, null)], new Structure(1, "x"))]);

    [Theory]
    [MemberData(nameof(Values), DisableDiscoveryEnumeration = true)]
    public void Both_write_the_same_bytes(object value)
    {
        ObjectPlan plan = ObjectPlan.For(value.GetType());
        Converter slow = new BoxedObjectConverter(plan);
        Converter fast = Assert.IsAssignableFrom<Converter>(typeof(ConverterFactory).GetMethod(nameof(ConverterFactory.Compile), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!
            .MakeGenericMethod(value.GetType()).Invoke(null, [plan]));
        Assert.Equal((slow.IsLeaf, slow.CanHoldItself, slow.MinimumSize, slow.HasIdentity), (fast.IsLeaf, fast.CanHoldItself, fast.MinimumSize, fast.HasIdentity));
        byte[] bytes = Write(slow, value);
        Assert.Equal(bytes, Write(fast, value));
        foreach (Converter converter in (Converter[])[slow, fast])
        {
            WireReader reader = new(bytes);
            reader.Enter();
            reader.Enter();
            Assert.Equivalent(value, converter.ReadObject(ref reader, -1), strict: true);
            Assert.Equal(0, reader.Left);
        }
    }

    [Fact]
    public void A_type_goes_over_to_the_fast_one_without_a_message_being_lost() => Gen.Int.Array[1, 300].Sample(
        numbers => Array.TrueForAll(numbers, n => Message.RoundTrip(new Positional(n, "a", n, null)) == new Positional(n, "a", n, null)),
        iter: 200);

    private static byte[] Write(Converter converter, object value)
    {
        WireWriter writer = new();
        writer.Enter(value.GetType());
        writer.Enter(value.GetType());
        converter.WriteObject(writer, value);
        return writer.Written.ToArray();
    }

    public sealed record Positional(int Number, string? Text, double Fraction, int? Some);

    public sealed class Filled
    {
        public string? B { get; set; }

        public int A { get; set; }

        public List<int> C { get; set; } = [];

        public object? D { get; set; }
    }

    public sealed class Mixed(int a)
    {
        public int A { get; } = a;

        public string? B { get; set; }

        public required int C { get; init; }
    }

    public sealed class InitOnly
    {
        public int A { get; init; }

        public required string B { get; set; }
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
    public readonly record struct Structure(int A, string B);

#pragma warning disable CA1051 // public fields are what is tested
    public sealed class WithFields
    {
        public int Z;
        public string? A;
    }
#pragma warning restore CA1051

    public sealed class Empty;

    public class Base
    {
        public int A { get; set; }
    }

    public sealed class Derived : Base
    {
        public int B { get; set; }
    }

    public sealed record Generic<T>(T Value);

    public sealed record Nested(Positional One, List<Positional> Many, Structure Structure);
}
