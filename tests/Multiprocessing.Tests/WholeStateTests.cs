namespace Multiprocessing.Tests;

/// <summary>Nothing of an object is lost in silence: what nothing brings along is refused.</summary>
public sealed class WholeStateTests
{
    public static TheoryData<object> Lost => new((object[])[
        new OfBase { Value = 1 }, new Counting { Count = 1 }, new Hiding { Name = "derived" }, new HidingOtherType { Name = 5 }, new Narrower(5), new List<Counting> { new() }, new OfProperty { Value = 1 }]);

    [Theory]
    [MemberData(nameof(Lost), DisableDiscoveryEnumeration = true)]
    public void A_field_that_only_shares_its_name_with_a_property_is_refused(object value) =>
        Assert.Contains("can be neither read nor set from outside", Assert.Throws<NotSerializableException>(() => Message.Of(value)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_field_that_a_property_shows_arrives()
    {
        Assert.Equal("a", Assert.IsType<Named>(Message.RoundTrip(new Named("a"))).Name);
        Assert.Equal("a", Assert.IsType<Primary>(Message.RoundTrip(new Primary("a"))).Name);
        Assert.Equal([1, 2], Assert.IsType<Wider>(Message.RoundTrip(new Wider([1, 2]))).Items);
        Assert.Equal(("a", 5), Assert.IsType<Circle>(Message.RoundTrip(new Circle("a", 5))) is var circle ? (circle.Name, circle.Radius) : default);
        Assert.Equal(3, Assert.IsType<Overriding>(Message.RoundTrip(new Overriding { Value = 3 })).Value);
        Assert.Equal(5, Assert.IsType<Settable>(Message.RoundTrip(new Settable { Count = 5 })).Count);
        Assert.Equal("b", Assert.IsType<DerivedRecord>(Message.RoundTrip(new DerivedRecord(1, "b"))).B);
        Assert.Equal((1, "a"), Message.RoundTrip(new { A = 1, B = "a" }) is { } anonymous ? ((int)anonymous.GetType().GetProperty("A")!.GetValue(anonymous)!, "a") : default);
    }

    [Fact]
    public void A_mark_on_a_property_leaves_out_no_other_field() =>
        Assert.Throws<NotSerializableException>(() => Message.Of(new MarkedBeside()));

#pragma warning disable CS0169, CS0414, CA1823, IDE0044, IDE0051, IDE0052, CA1805, RCS1213, S1144, CA1822 // state that nobody sees is what is tested
    public class Hidden
    {
        private int _value = 7;

        public int Twice() => _value * 2;
    }

    public sealed class OfBase : Hidden
    {
        public int Value { get; set; }
    }

    public class HiddenProperty
    {
        private int Value { get; set; } = 7;

        public int Twice() => Value * 2;
    }

    public sealed class OfProperty : HiddenProperty
    {
        public int Value { get; set; }
    }

    public sealed class Counting
    {
        private int _count = 7;

        public int Count { get; set; }

        public int Twice() => _count * 2;
    }

    public class WithName
    {
        public string? Name { get; set; }
    }

    public sealed class Hiding : WithName
    {
        public new string? Name { get; set; }
    }

    public sealed class HidingOtherType : WithName
    {
        public new int Name { get; set; }
    }

    public sealed class Narrower(long value)
    {
        private readonly long _value = value;

        public int Value => (int)_value;

        public Narrower(int value)
            : this((long)value)
        {
        }
    }

    public sealed class MarkedBeside
    {
        private int _count = 7;

        [System.Runtime.Serialization.IgnoreDataMember]
        public int Count { get; set; }

        public int Twice() => _count * 2;
    }
#pragma warning restore CS0169, CS0414, CA1823, IDE0044, IDE0051, IDE0052, CA1805, RCS1213, S1144, CA1822

    public sealed class Named
    {
        private readonly string _name;

        public Named(string name) => _name = name;

        public string Name => _name;
    }

    public sealed class Primary(string name)
    {
        public string Name => name;
    }

    public sealed class Wider(IReadOnlyList<int> items)
    {
        private readonly List<int> _items = [.. items];

        public IReadOnlyList<int> Items => _items;
    }

#pragma warning disable CA1051 // a field that derived classes see is what is tested
    public class Figure
    {
        protected string _name = "";
    }
#pragma warning restore CA1051

    public sealed class Circle : Figure
    {
        public Circle(string name, int radius)
        {
            _name = name;
            Radius = radius;
        }

        public string Name => _name;

        public int Radius { get; }
    }

    public class Overridable
    {
        public virtual int Value { get; set; }
    }

    public sealed class Overriding : Overridable
    {
        public override int Value
        {
            get => base.Value;
            set => base.Value = value;
        }
    }

    public sealed class Settable
    {
        private int _count;

        public int Count
        {
            get => _count;
            set => _count = value;
        }
    }

    public record BaseRecord(int A);

    public sealed record DerivedRecord(int A, string B) : BaseRecord(A);
}
