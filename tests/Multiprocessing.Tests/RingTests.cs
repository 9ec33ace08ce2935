using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Multiprocessing.Tests;

/// <summary>Values that hold themselves, or types that do.</summary>
public sealed class RingTests
{
    // ---- Structures ----
    [Fact]
    public void A_structure_may_hold_a_collection_of_its_like_that_is_a_structure()
    {
        Tree tree = new("a", [new("b", []), new("c", [new("d", default)])]);
        foreach (Tree received in (Tree[])[Message.RoundTrip(tree), (Tree)Message.RoundTrip((object)tree)!, Message.RoundTrip(new List<Tree> { tree })[0], Message.RoundTrip(ImmutableArray.Create(tree))[0], Message.RoundTrip(new Tree?[] { tree })[0]!.Value])
        {
            Assert.Equal("d", received.Children[1].Children[0].Name);
            Assert.True(received.Children[1].Children[0].Children.IsDefault);
            Assert.Empty(received.Children[0].Children);
        }

        Parts parts = Message.RoundTrip(new Parts("a", new Parts[] { new("b", default) }));
        Assert.Equal("b", parts.Inner.Span[0].Name);
        Segments segments = Message.RoundTrip(new Segments("a", new([default, new("b", default)], 1, 1)));
        Assert.Equal("b", segments.Inner[0].Name);
        for (int i = 0; i < 100; i++) // long enough for the fast converter
        {
            Assert.Equal("d", Message.RoundTrip(tree).Children[1].Children[0].Name);
        }
    }

    [Fact]
    public void Structures_nested_deeper_than_a_reader_goes_are_refused_where_they_are_sent()
    {
        Tree tree = Chain(100);
        Assert.Equal("99", Message.RoundTrip(tree).Name);
        tree = Chain(5000);
        Assert.Contains("nested more than 256 deep", Assert.Throws<NotSerializableException>(() => Message.Of(tree)).Message, StringComparison.Ordinal);
        Parts parts = new("", default);
        for (int i = 0; i < 5000; i++)
        {
            parts = new("", new Parts[] { parts });
        }

        Assert.Contains("nested more than 256 deep", Assert.Throws<NotSerializableException>(() => Message.Of(parts)).Message, StringComparison.Ordinal);

        static Tree Chain(int length)
        {
            Tree tree = new("", default);
            for (int i = 0; i < length; i++)
            {
                tree = new(i.ToString(System.Globalization.CultureInfo.InvariantCulture), [tree]);
            }

            return tree;
        }
    }

    [Fact]
    public void A_message_of_structures_nested_without_end_is_an_InvalidDataException()
    {
        byte[] leaf = Message.Of(new Tree("x", []));
        byte[] children = [0, 0, 0, 0, 0]; // no comparer, none of them
        byte[] name = [1, 0, 0, 0, (byte)'x', 0];
        Assert.True(leaf.AsSpan().EndsWith((byte[])[.. children, .. name]));
        byte[] message = [.. leaf[..^11], .. Enumerable.Repeat<byte[]>([0, 1, 0, 0, 0], 100_000).SelectMany(level => level), .. children, .. name];
        Assert.Contains("deep", Assert.Throws<InvalidDataException>(() => Message.Read(message)).Message, StringComparison.Ordinal);
    }

    // ---- Keys ----
    [Fact]
    public void A_set_holds_the_object_that_it_stands_in()
    {
        for (int i = 0; i < 200; i++) // so that both the slow and the fast converter do
        {
            Person ann = new() { Title = "ann" };
            Person bob = new() { Title = "bob" };
            ann.Peers = [ann, bob];
            bob.Peers = [bob, ann, new Person { Title = "cid" }];
            Person received = Assert.IsType<Person>(Message.RoundTrip(ann));
            Assert.Equal(2, received.Peers!.Count);
            Assert.Contains(received, received.Peers);
            Person other = received.Peers.Single(p => p.Title == "bob");
            Assert.Equal(3, other.Peers!.Count);
            Assert.Contains(received, other.Peers);
            Assert.Contains(new Person { Title = "cid" }, other.Peers);
            if (i == 100)
            {
                Thread.Yield();
            }
        }
    }

    [Fact]
    public void Keys_of_any_kind_that_depend_on_what_is_around_them_are_found()
    {
        Keyed keyed = new() { Title = "x" };
        keyed.ByPerson = new() { [keyed] = 1 };
        keyed.ByRecord = new() { [new(keyed)] = 2 };
        keyed.ByPair = new() { [(keyed, "a")] = 3 };
        keyed.Sorted = new() { [keyed] = 4, [new() { Title = "y" }] = 5 };
        keyed.SortedSet = [keyed, new() { Title = "w" }];
        keyed.Lists = [keyed];
        Keyed received = Assert.IsType<Keyed>(Message.RoundTrip(keyed));
        Assert.Equal(1, received.ByPerson![received]);
        Assert.Equal(2, received.ByRecord![new(received)]);
        Assert.Equal(3, received.ByPair![(received, "a")]);
        Assert.Equal(4, received.Sorted![received]);
        Assert.Equal(["w", "x"], received.SortedSet!.Select(k => k.Title!));
        Assert.Same(received, received.Lists![0]);
        Dictionary<object, object> itself = [];
        itself[itself] = itself;
        Dictionary<object, object> again = Assert.IsType<Dictionary<object, object>>(Message.RoundTrip(itself));
        Assert.Same(again, again[again]);
    }

    [Fact]
    public void A_key_that_cannot_be_inserted_later_makes_the_message_an_invalid_one()
    {
        Frozen frozen = new() { Title = "x" };
        frozen.Peers = [frozen];
        Assert.Contains("HashSet", Assert.Throws<InvalidDataException>(() => Message.RoundTrip(frozen)).Message, StringComparison.Ordinal);
        Frozen plain = new() { Title = "x" };
        Assert.Single(Assert.IsType<List<object>>(Message.RoundTrip(new List<object> { plain, ImmutableHashSet.Create(plain) }))[1] as ImmutableHashSet<Frozen> ?? []);
    }

    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Tree(string Name, ImmutableArray<Tree> Children);

    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Parts(string Name, Memory<Parts> Inner);

    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Segments(string Name, ArraySegment<Segments> Inner);

#pragma warning disable CA1036, MA0097 // no operators are needed here
    public abstract class ByTitle : IComparable
    {
        public string? Title { get; set; }

        public override bool Equals(object? obj) => obj is ByTitle other && other.Title == Title;

        public override int GetHashCode() => Title?.GetHashCode(StringComparison.Ordinal) ?? 0;

        public int CompareTo(object? obj) => string.CompareOrdinal(Title, (obj as ByTitle)?.Title);
    }

    public sealed class Person : ByTitle
    {
        public HashSet<Person>? Peers { get; set; }
    }

    public sealed class Keyed : ByTitle
    {
        public Dictionary<Keyed, int>? ByPerson { get; set; }

        public Dictionary<Reference, int>? ByRecord { get; set; }

        public Dictionary<(Keyed, string), int>? ByPair { get; set; }

        public SortedDictionary<Keyed, int>? Sorted { get; set; }

        public SortedSet<Keyed>? SortedSet { get; set; }

        public List<Keyed>? Lists { get; set; }
    }

    public sealed class Frozen : ByTitle
    {
        public ImmutableHashSet<Frozen>? Peers { get; set; }
    }
#pragma warning restore CA1036, MA0097

    public sealed record Reference(Keyed To);
}
