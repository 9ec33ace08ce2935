using CsCheck;

namespace Multiprocessing.Tests;

public sealed class ValueSerializerTests
{
    public static TheoryData<object?> Values => new((object?[])[
        null, true, 'x', (sbyte)-1, (byte)255, short.MinValue, ushort.MaxValue, int.MinValue, uint.MaxValue, long.MinValue, ulong.MaxValue,
        1.5f, double.NaN, decimal.MinValue, "", "grüße \ud800 \0", DayOfWeek.Friday, ulong.MaxValue, Guid.Empty, TimeSpan.FromTicks(7),
        new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)),
        new Uri("https://example.org/a?b=c"), new Version(1, 2, 3), (1, "b", 2.5), new Point(1, 2), new int[] { 1, 2, 3 }, new string?[] { "a", null },
        new object?[] { 42, null, "hello", 2.5, new object?[] { true } }, new List<string> { "a" }, new Dictionary<string, long> { ["a"] = long.MaxValue },
        new HashSet<int> { 1, 2 }, (int?)5, new Holder([new Point(1, 2)], "text")]);

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_arrives_equal_and_of_its_own_type(object? value)
    {
        object? received = RoundTrip(value);
        Assert.Equal(value?.GetType(), received?.GetType());
        Assert.Equivalent(value, received, strict: true);
    }

    [Fact]
    public void Every_string_arrives_equal() => Gen.Char.Array[0, 40].Select(c => new string(c)).Sample(text => (string?)RoundTrip(text) == text);

    [Fact]
    public void Every_array_of_numbers_arrives_equal() => Gen.Double.Array.Sample(numbers => ((double[])RoundTrip(numbers)!).AsSpan().SequenceEqual(numbers));

    [Fact]
    public void Values_declared_as_object_or_interface_inside_a_graph_arrive_as_what_they_were()
    {
        Loose received = Assert.IsType<Loose>(RoundTrip(new Loose { Anything = new Point(3, 4), Shape = new Circle(2) }));
        Assert.Equal(new Point(3, 4), received.Anything);
        Assert.Equal(new Circle(2), received.Shape);
    }

    [Fact]
    public void A_lazy_sequence_arrives_as_the_collection_that_it_is_declared_as()
    {
        IEnumerable<int> lazy = Enumerable.Range(1, 3).Where(i => i != 2);
        object? received = RoundTrip(lazy, typeof(IEnumerable<int>));
        Assert.Equal([1, 3], Assert.IsAssignableFrom<IEnumerable<int>>(received));
    }

    [Fact]
    public void A_type_that_would_lose_state_on_the_way_is_refused_with_the_fields_name()
    {
        NotSerializableException refusal = Assert.Throws<NotSerializableException>(() => RoundTrip(new Secretive(5)));
        Assert.Contains("_secret", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_derived_object_arrives_as_what_it_was_where_its_base_class_is_declared()
    {
        Zoo received = Assert.IsType<Zoo>(RoundTrip(new Zoo { Animals = [new Dog { Name = "Rex", Tricks = 3 }, new Animal { Name = "Tom" }] }));
        Assert.Equal(3, Assert.IsType<Dog>(received.Animals[0]).Tricks);
        Assert.Equal("Tom", Assert.IsType<Animal>(received.Animals[1]).Name);
    }

    [Fact]
    public void A_graph_that_contains_something_of_this_process_is_refused_by_its_type()
    {
        NotSerializableException refusal = Assert.Throws<NotSerializableException>(() => RoundTrip(new Dictionary<string, Stream> { ["a"] = Stream.Null }));
        Assert.Contains("Stream", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ring_of_objects_that_are_filled_after_they_are_made_arrives_as_one()
    {
        Node node = new();
        node.Next = node;
        Node received = Assert.IsType<Node>(RoundTrip(node));
        Assert.Same(received, received.Next);
    }

    [Fact]
    public void A_ring_through_a_constructor_is_refused()
    {
        List<object> list = [];
        Wrapped wrapped = new(list);
        list.Add(wrapped);
        Assert.Contains("it holds itself", Assert.Throws<NotSerializableException>(() => RoundTrip(wrapped)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_are_an_InvalidDataException_and_nothing_else() => Gen.Byte.Array[0, 64].Sample(bytes =>
    {
        try
        {
            WireReader reader = new(bytes);
            ValueSerializer.Read(ref reader);
        }
        catch (InvalidDataException)
        {
            // what a malformed message is to give
        }
    }, iter: 20_000);

    [Fact]
    public void A_message_cut_anywhere_is_an_InvalidDataException()
    {
        WireWriter writer = new();
        ValueSerializer.Write(writer, new object?[] { 42, "hello", new[] { 1.5, 2.5 }, DayOfWeek.Monday, new List<int> { 1 } }, Subject.Result);
        byte[] whole = writer.Written.ToArray();
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() =>
            {
                WireReader reader = new(whole.AsSpan(0, length));
                ValueSerializer.Read(ref reader);
            });
        }
    }

    private static object? RoundTrip(object? value, Type? declared = null)
    {
        WireWriter writer = new();
        ValueSerializer.Write(writer, value, declared ?? typeof(object), Subject.Result);
        WireReader reader = new(writer.Written);
        object? received = ValueSerializer.Read(ref reader);
        Assert.Equal(0, reader.Left);
        return received;
    }

    public sealed record Point(int X, int Y);

    public sealed record Holder(List<Point> Points, string? Text);

    public sealed record Circle(double Radius) : IShape;

    public interface IShape;

    public sealed class Loose
    {
        public object? Anything { get; set; }

        public IShape? Shape { get; set; }
    }

    public sealed class Secretive(int secret)
    {
        private readonly int _secret = secret;

        public int Twice() => _secret * 2;
    }

    public class Animal
    {
        public string? Name { get; set; }
    }

    public sealed class Dog : Animal
    {
        public int Tricks { get; set; }
    }

    public sealed class Zoo
    {
        public List<Animal> Animals { get; set; } = [];
    }

    public sealed record Wrapped(List<object> Content);

    public sealed class Node
    {
        public Node? Next { get; set; }
    }
}
