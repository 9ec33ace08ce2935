using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Multiprocessing.Tests;

/// <summary>What crosses, and how it arrives.</summary>
public sealed class CrossingTests
{
    public static TheoryData<object> Values => new((object[])[
        new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Unspecified), new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Local), DateTime.MaxValue,
        DateOnly.MaxValue, TimeOnly.MaxValue, TimeSpan.MinValue, BigInteger.Pow(-7, 300), Int128.MinValue, UInt128.MaxValue, Half.Pi, new Complex(1, -2),
        ^3, 1..^2, new Rune(0x1F600), KeyValuePair.Create(1, 2), KeyValuePair.Create("a", "b"), new Uri("a/b c?d#e", UriKind.Relative), new Uri("HTTP://Example.org/%7e"),
        CultureInfo.GetCultureInfo("de-DE"), CultureInfo.InvariantCulture, DBNull.Value, IPAddress.Parse("fe80::2%5"),
        new[,] { { 1, 2, 3 }, { 4, 5, 6 } }, new string?[1, 2, 1] { { { "a" }, { null } } }, new int[0, 5], new[] { new[] { 1 }, null, [] }, new decimal[] { 1.5m, decimal.MaxValue },
        new DateTime[] { DateTime.MinValue }, new bool[] { true, false }, new DayOfWeek[] { DayOfWeek.Friday }, new (int, double)[] { (1, 2.5) }, new (int, string?)[] { (1, "a"), (2, null) }, new int?[] { 1, null },
        new Guid[] { Guid.Empty }, new Point[] { new(1, 2) }, new Point(1, 2), new Mixed(1, "a", DayOfWeek.Friday, 2, null, [1, 2]), new Settable { Name = "a", Numbers = { 1, 2 }, When = DateTime.MaxValue },
        new Required { A = 1, B = "b" }, new Generic<int, string>(1, "a"), (1, "b", 2.5, 'c', true, 6, 7, 8, "9"), Tuple.Create(1, "a"), new object(), "\ud800\0\udc00",
        new List<int> { 1, 2 }, new List<string?> { "a", null }, new List<(string, int)> { ("a", 1) }, new List<object?> { 1, null, "a", new Point(1, 2), new List<int> { 1 } }, new List<DayOfWeek> { DayOfWeek.Monday },
        new Dictionary<object, object?> { [1] = "a", ["b"] = null, [new Point(1, 2)] = 3m }, new Dictionary<Point, List<string>> { [new(1, 2)] = ["a"] }, new SortedDictionary<string, int> { ["b"] = 1, ["a"] = 2 },
        new SortedList<int, string> { [2] = "b", [1] = "a" }, new OrderedDictionary<string, int> { ["b"] = 1, ["a"] = 2 }, new HashSet<string> { "a" }, new SortedSet<int> { 2, 1 }, new Queue<int>([1, 2, 3]), new Stack<int>([1, 2, 3]),
        new LinkedList<int>([1, 2, 3]), new ConcurrentDictionary<string, int> { ["a"] = 1 }, new ConcurrentQueue<int>([1, 2, 3]), new ConcurrentStack<int>([1, 2, 3]), new ConcurrentBag<int> { 1 },
        new ReadOnlyCollection<int>([1, 2]), new ReadOnlyDictionary<string, int>(new Dictionary<string, int> { ["a"] = 1 }), new ObservableCollection<string> { "a" }, new Collection<int> { 1 },
        ImmutableArray.Create(1, 2), ImmutableList.Create("a", "b"), ImmutableHashSet.Create(1, 2), ImmutableSortedSet.Create(2, 1), ImmutableQueue.Create(1, 2, 3), ImmutableStack.Create(1, 2, 3),
        ImmutableDictionary.CreateRange([KeyValuePair.Create("a", 1)]), ImmutableSortedDictionary.CreateRange([KeyValuePair.Create("a", 1)]),
        new Dictionary<string, int> { ["a"] = 1 }.ToFrozenDictionary(), new[] { 1, 2, 3 }.ToFrozenSet(), new ArrayList { 1, "a", null }, new Hashtable { ["a"] = 1, [2] = "b" }, new Queue(new[] { 1, 2 }), new Stack(new[] { 1, 2 }),
        new StringCollection { "a" }, new ReadOnlySet<int>(new HashSet<int> { 1 })]);

    [Theory]
    [MemberData(nameof(Values), DisableDiscoveryEnumeration = true)]
    public void A_value_arrives_equal_and_of_its_own_type(object value)
    {
        object received = Message.RoundTrip(value)!;
        Assert.Equal(value.GetType(), received.GetType());
        if (value is not ConcurrentBag<int>)
        {
            Assert.Equivalent(value, received, strict: true);
        }

        if (value is IEnumerable sequence and not (IDictionary or ConcurrentBag<int>) && !value.GetType().Name.Contains("Set", StringComparison.Ordinal) && !value.GetType().Name.Contains("Dictionary", StringComparison.Ordinal))
        {
            Assert.Equal(sequence.Cast<object?>(), ((IEnumerable)received).Cast<object?>()); // in this order, too
        }

        // The same inside another object, and where it is declared as what it is.
        Assert.Equal(value.GetType(), ((Box)Message.RoundTrip(new Box { Content = value })!).Content!.GetType());
        Array array = Array.CreateInstance(value.GetType(), 1);
        array.SetValue(value, 0);
        Assert.Equal(value.GetType(), ((Array)Message.RoundTrip(array)!).GetValue(0)!.GetType());
    }

    [Fact]
    public void What_the_framework_hides_arrives_too()
    {
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 80), Message.RoundTrip(new IPEndPoint(IPAddress.Loopback, 80)));
        Assert.Equal("abc", Message.RoundTrip(new StringBuilder("abc"))!.ToString());
        Regex regex = new("a+", RegexOptions.IgnoreCase, TimeSpan.FromSeconds(3));
        Regex received = Assert.IsType<Regex>(Message.RoundTrip(regex));
        Assert.Equal((regex.ToString(), regex.Options, regex.MatchTimeout), (received.ToString(), received.Options, received.MatchTimeout));
        BitArray bits = new([true, false, true, true, false, false, true, false, true]);
        Assert.Equal(bits.Cast<bool>(), Assert.IsType<BitArray>(Message.RoundTrip(bits)).Cast<bool>());
        NameValueCollection names = new() { { "a", "1" }, { "a", "2" }, { "b", null }, { null, "x" } };
        NameValueCollection others = Assert.IsType<NameValueCollection>(Message.RoundTrip(names));
        Assert.Equal(names.AllKeys, others.AllKeys);
        Assert.Equal(["1", "2"], others.GetValues("A")!);
        Assert.Null(others.GetValues("b"));
        Assert.Throws<NotSerializableException>(() => Message.RoundTrip(new NameValueCollection(StringComparer.Ordinal) { { "a", "1" } }));
        Assert.Throws<NotSerializableException>(() => Message.RoundTrip(new Hashtable(StringComparer.OrdinalIgnoreCase)));
        Assert.True(Assert.IsType<ImmutableArray<int>>(Message.RoundTrip(default(ImmutableArray<int>))).IsDefault);
    }

    [Fact]
    public void Parts_of_arrays_cross_as_what_they_show()
    {
        byte[] bytes = [1, 2, 3, 4];
        Assert.Equal([2, 3], ((ReadOnlyMemory<byte>)Message.RoundTrip(new ReadOnlyMemory<byte>(bytes, 1, 2))!).ToArray());
        Assert.Equal([2, 3], ((Memory<byte>)Message.RoundTrip(bytes.AsMemory(1, 2))!).ToArray());
        Assert.Equal(new byte[] { 2, 3 }, ((ArraySegment<byte>)Message.RoundTrip(new ArraySegment<byte>(bytes, 1, 2))!).ToArray());
        Assert.Equal(["b"], ((ArraySegment<string>)Message.RoundTrip(new ArraySegment<string>(["a", "b"], 1, 1))!).ToArray());
        Assert.Equal([1.5], ((ReadOnlyMemory<double>)Message.RoundTrip(new ReadOnlyMemory<double>([1.5]))!).ToArray());
        Assert.Equal([2, 3], Message.RoundTrip<ReadOnlyMemory<byte>>(bytes.AsMemory(1, 2)).ToArray());
    }

    [Fact]
    public void The_usual_comparers_of_strings_go_along()
    {
        Assert.Contains("A", Assert.IsType<HashSet<string>>(Message.RoundTrip(new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "a" })));
        Assert.True(Assert.IsType<Dictionary<string, int>>(Message.RoundTrip(new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { ["a"] = 1 })).ContainsKey("A"));
        Assert.True(Assert.IsType<SortedDictionary<string, int>>(Message.RoundTrip(new SortedDictionary<string, int>(StringComparer.OrdinalIgnoreCase) { ["a"] = 1 })).ContainsKey("A"));
        Assert.True(Assert.IsAssignableFrom<FrozenDictionary<string, int>>(Message.RoundTrip(new Dictionary<string, int> { ["a"] = 1 }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase))).ContainsKey("A"));
        Assert.True(Assert.IsType<ImmutableDictionary<string, int>>(Message.RoundTrip(ImmutableDictionary.Create<string, int>(StringComparer.OrdinalIgnoreCase).Add("a", 1))).ContainsKey("A"));
        SortedSet<string> ordinal = Assert.IsType<SortedSet<string>>(Message.RoundTrip(new SortedSet<string>(StringComparer.Ordinal) { "a", "B" }));
        Assert.Equal(["B", "a"], ordinal);
    }

    [Fact]
    public void One_object_in_two_places_arrives_as_one_object_in_two_places()
    {
        List<int> shared = [1];
        object?[] received = Assert.IsType<object?[]>(Message.RoundTrip(new object?[] { shared, new Box { Content = shared }, new[] { shared }, shared }));
        Assert.Same(received[0], ((Box)received[1]!).Content);
        Assert.Same(received[0], ((List<int>[])received[2]!)[0]);
        Assert.Same(received[0], received[3]);
        Point2 point = new(1, 2);
        List<Point2> points = Assert.IsType<List<Point2>>(Message.RoundTrip(new List<Point2> { point, point, new(1, 2) }));
        Assert.Same(points[0], points[1]);
        Assert.NotSame(points[0], points[2]);
    }

    [Fact]
    public async Task Variables_of_one_lambda_that_hold_one_object_hold_one_object_in_the_child()
    {
        List<int> first = [1];
        List<int> second = first;
        Assert.True(await ChildProcess.RunAsync(() => ReferenceEquals(first, second)));
    }

    [Fact]
    public void Rings_arrive_where_the_objects_are_filled_after_they_are_made()
    {
        Box a = new();
        Box b = new() { Content = a };
        a.Content = new object[] { b, new Dictionary<string, object> { ["a"] = a } };
        Box received = Assert.IsType<Box>(Message.RoundTrip(a));
        object[] array = Assert.IsType<object[]>(received.Content);
        Assert.Same(received, ((Box)array[0]).Content);
        Assert.Same(received, ((Dictionary<string, object>)array[1])["a"]);
        object[] itself = new object[1];
        itself[0] = itself;
        object[] again = Assert.IsType<object[]>(Message.RoundTrip(itself));
        Assert.Same(again, again[0]);
    }

    [Fact]
    public void A_value_arrives_as_what_it_was_wherever_it_is_declared_as_something_wider()
    {
        Wide received = Assert.IsType<Wide>(Message.RoundTrip(new Wide(new Derived { A = 1, B = 2 }, new Derived { A = 3, B = 4 }, [new Derived { A = 5, B = 6 }, null], new() { ["x"] = 5 }, [1, 2], DayOfWeek.Friday, 7)));
        Assert.Equal(2, Assert.IsType<Derived>(received.Base).B);
        Assert.Equal(4, Assert.IsType<Derived>(received.Interface).B);
        Assert.Equal(6, Assert.IsType<Derived>(received.Many[0]).B);
        Assert.Null(received.Many[1]);
        Assert.Equal(5, received.Untyped["x"]);
        Assert.Equal([1, 2], received.Lazy);
        Assert.Equal(DayOfWeek.Friday, received.Enum);
        Assert.Equal(7, received.Structure);
    }

    [Fact]
    public void A_token_that_nobody_can_cancel_crosses_inside_an_object() => Assert.Equal(new Generic<CancellationToken, int>(default, 1), Message.RoundTrip(new Generic<CancellationToken, int>(CancellationToken.None, 1)));

    [Fact]
    public void What_is_marked_stays_behind()
    {
        Marked received = Assert.IsType<Marked>(Message.RoundTrip(new Marked { A = 1, B = 2, C = 3, D = 4 }));
        Assert.Equal((1, 0, 0, 0), (received.A, received.B, received.C, received.D));
    }

    [Fact]
    public void Addresses_are_refused()
    {
        Assert.Contains("an address means nothing", Assert.Throws<NotSerializableException>(() => Message.RoundTrip((nint)5)).Message, StringComparison.Ordinal);
        Assert.Contains("an address means nothing", Assert.Throws<NotSerializableException>(() => Message.RoundTrip(new nint[1])).Message, StringComparison.Ordinal);
        Assert.Contains("an address means nothing", Assert.Throws<NotSerializableException>(() => Message.RoundTrip<Addressed>(new(5))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Arrays_of_addresses_are_refused_on_both_sides()
    {
        foreach (Type array in (Type[])[typeof(int*[]), typeof(delegate*<int>[]), typeof(int*[,])])
        {
            object value = Array.CreateInstance(array.GetElementType()!, new int[array.GetArrayRank()].Select(_ => 2).ToArray());
            Assert.Contains("an address means nothing", Assert.Throws<NotSerializableException>(() => Message.Of(value)).Message, StringComparison.Ordinal);
            Assert.Contains("an address means nothing", Assert.Throws<NotSerializableException>(() => Message.Of(new object[] { value })).Message, StringComparison.Ordinal);
        }

        WireWriter writer = new();
        writer.Byte((byte)Tag.Array);
        TypeReference.Write(writer, typeof(int*));
        writer.Int32(1);
        writer.Byte((byte)Tag.String);
        writer.String("an address of the sender's choice");
        Assert.Throws<InvalidDataException>(() => Message.Read(writer.Written));
    }

    [Fact]
    public void A_collection_is_a_stack_by_what_it_is_and_not_by_its_name()
    {
        Assert.Equal([1, 2, 3], Assert.IsType<Named.Stack<int>>(Message.RoundTrip(new Named.Stack<int> { 1, 2, 3 })));
        Assert.Equal([3, 2, 1], Assert.IsType<Stack<int>>(Message.RoundTrip(new Stack<int>([1, 2, 3]))));
    }

    [Fact]
    public void Ordinal_is_the_usual_comparer_of_hash_collections_only()
    {
        new Comparers(typeof(HashSet<string>)).Require(new HashSet<string>(StringComparer.Ordinal));
        new Comparers(typeof(Dictionary<string, int>)).Require(new Dictionary<string, int>(StringComparer.Ordinal));
        new Comparers(typeof(SortedSet<string>)).Require(new SortedSet<string>());
        Assert.Throws<RefusedException>(() => new Comparers(typeof(SortedSet<string>)).Require(new SortedSet<string>(StringComparer.Ordinal)));
        Assert.Throws<RefusedException>(() => new Comparers(typeof(SortedDictionary<string, int>)).Require(new SortedDictionary<string, int>(StringComparer.Ordinal)));
    }

    [Fact]
    public void A_refusal_leaves_the_writer_as_it_was()
    {
        WireWriter writer = new();
        writer.Int32(5);
        Assert.Throws<NotSerializableException>(() => ValueSerializer.Write(writer, new object[] { 1, Stream.Null }, Subject.Message));
        Assert.Equal(4, writer.Length);
        ValueSerializer.Write(writer, new List<int> { 1 }, Subject.Message);
        WireReader reader = new(writer.Written[4..]);
        Assert.Equal([1], Assert.IsType<List<int>>(ValueSerializer.Read(ref reader)));
    }

    [Fact]
    public void What_a_typed_write_wrote_any_read_reads()
    {
        Check(5, 1.5);
        Check(new Point(1, 2), 5L);
        Check(DayOfWeek.Monday, 5);
        Check<int?>(5, "a");
        Check("text", 5);
        Check(new Generic<int, string>(1, "a"), new Generic<int, int>(1, 2));
        Check(("a", 1), ("a", 1L));
        Check(true, 'c');

        static void Check<T>(T value, object other)
        {
            WireWriter writer = new();
            ValueSerializer.Write(writer, value, Subject.Message);
            WireReader reader = new(writer.Written);
            Assert.Equal(value, ValueSerializer.Read<object?>(ref reader));
            reader = new(writer.Written);
            Assert.Equal(value, ValueSerializer.Read<T>(ref reader));
            writer.Clear();
            ValueSerializer.Write(writer, other, Subject.Message);
            Assert.Contains(TypeNames.Display(Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T)), Assert.Throws<InvalidDataException>(() =>
            {
                WireReader reader = new(writer.Written);
                ValueSerializer.Read<T>(ref reader);
            }).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Unmanaged_messages_are_not_allocated_for()
    {
        WireWriter writer = new();
        Assert.Equal(0, Allocated(writer, 5));
        Assert.Equal(0, Allocated(writer, new Point(1, 2)));
        Assert.Equal(0, Allocated(writer, Guid.Empty));
        Assert.Equal(0, Allocated(writer, DayOfWeek.Monday));
        Assert.True(SpinWait.SpinUntil(() => Allocated(writer, new Point2(1, 2)) == 24, TimeSpan.FromSeconds(60))); // the object itself, once there is code for the type

        static long Allocated<T>(WireWriter writer, T value)
        {
            long before = 0;
            for (int i = 0; i < 3; i++)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
                writer.Clear();
                ValueSerializer.Write(writer, value, Subject.Message);
                WireReader reader = new(writer.Written);
                ValueSerializer.Read<T>(ref reader);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    public readonly record struct Point(int X, int Y);

    public sealed record Point2(int X, int Y);

    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Addressed(nint Address);

    public sealed record Mixed(int Number, string? Text, DayOfWeek Day, int? Some, int? None, int[] Numbers);

    public sealed record Generic<TFirst, TSecond>(TFirst First, TSecond Second);

    public static class Named
    {
        public sealed class Stack<T> : List<T>;
    }

    public interface IShape;

    public class Base
    {
        public int A { get; set; }
    }

    public sealed class Derived : Base, IShape
    {
        public int B { get; set; }
    }

    public sealed record Wide(Base Base, IShape Interface, List<Base?> Many, Dictionary<string, object> Untyped, IEnumerable<int> Lazy, Enum Enum, ValueType Structure);

    public sealed class Box
    {
        public object? Content { get; set; }
    }

#pragma warning disable CA1051 // public fields are what is tested
    public sealed class Settable
    {
        public DateTime When; // a public field crosses, too

        public string? Name { get; init; }

        public List<int> Numbers { get; set; } = [];
    }

    public sealed class Required
    {
        public required int A { get; init; }

        public required string B { get; set; }
    }

    public sealed class Marked
    {
        [NonSerialized]
        public int D;

        public int A { get; set; }

        [field: NonSerialized]
        public int B { get; set; }

        [System.Runtime.Serialization.IgnoreDataMember]
        public int C { get; set; }
    }
#pragma warning restore CA1051
}
