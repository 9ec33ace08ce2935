using Compare;

namespace Multiprocessing.Tests;

/// <summary>What the table of benchmarks/Compare says follows from its samples.</summary>
public sealed class FigureTests
{
    [Fact]
    public void The_median_is_the_middle_sample_or_the_mean_of_the_two_in_the_middle()
    {
        Assert.Equal(2, Figure.MedianOf(Times(9, 1, 2))!.Value);
        Assert.Equal(2.5, Figure.MedianOf(Times(3, 1, 9, 2))!.Value);
        Assert.Null(Figure.MedianOf([]));
    }

    [Fact]
    public void Samples_of_different_units_have_a_common_median()
    {
        Figure median = Figure.MedianOf([new(1, Unit.Microseconds), new(2, Unit.Milliseconds), new(900, Unit.Nanoseconds)])!;
        Assert.Equal(Unit.Microseconds, median.Unit);
        Assert.Equal(1, median.Value, tolerance: 1e-9);
    }

    [Fact]
    public void A_ratio_is_of_the_things_themselves_not_of_the_numbers()
    {
        Assert.Equal(0.5, Figure.Ratio(new(500, Unit.Nanoseconds), new(1, Unit.Microseconds))!.Value, tolerance: 1e-9);
        Assert.Equal(400, Figure.Ratio(new(60, Unit.MillionMessagesPerSecond), new(150, Unit.ThousandMessagesPerSecond))!.Value, tolerance: 1e-9);
    }

    [Fact]
    public void There_is_no_ratio_to_nothing_or_of_a_time_to_a_rate()
    {
        Figure time = new(1, Unit.Milliseconds);
        Assert.Null(Figure.Ratio(time, null));
        Assert.Null(Figure.Ratio(null, time));
        Assert.Null(Figure.Ratio(time, new(0, Unit.Milliseconds)));
        Assert.Null(Figure.Ratio(time, new(1, Unit.GibibytesPerSecond)));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.03126, "0.0313")]
    [InlineData(4.7512, "4.75")]
    [InlineData(23.96, "24.0")]
    [InlineData(1234.6, "1235")]
    [InlineData(-2.5, "-2.50")]
    public void A_number_has_three_digits(double value, string text) => Assert.Equal(text, Figure.Digits(value));

    [Theory]
    [InlineData("ns")]
    [InlineData("us")]
    [InlineData("ms")]
    [InlineData("%")]
    [InlineData("GiB/s")]
    [InlineData("kmsg/s")]
    [InlineData("Mmsg/s")]
    public void A_unit_is_found_by_its_symbol(string symbol) => Assert.Equal(symbol, Unit.Parse(symbol).Symbol);

    [Fact]
    public void An_unknown_unit_is_an_error() => Assert.Throws<FormatException>(() => Unit.Parse("furlongs"));

    [Theory]
    [InlineData(200, true)]
    [InlineData(200.1, false)]
    public void A_time_is_to_be_at_most_its_goal(double ours, bool met) =>
        Assert.Equal(met, Met(new("m", 200, Reference.Itself), new(ours, Unit.Nanoseconds)));

    [Theory]
    [InlineData(50, true)]
    [InlineData(49.9, false)]
    public void A_rate_is_to_be_at_least_its_goal(double ours, bool met) =>
        Assert.Equal(met, Met(new("m", 50, Reference.Itself), new(ours, Unit.MillionMessagesPerSecond)));

    [Theory]
    [InlineData(9, true)]
    [InlineData(11, false)]
    public void A_goal_may_be_a_multiple_of_what_C_takes(double ours, bool met) =>
        Assert.Equal(met, Met(new("m", 2, Reference.C), new(ours, Unit.Microseconds), c: new(5, Unit.Microseconds)));

    [Theory]
    [InlineData(9, true)]
    [InlineData(11, false)]
    public void A_goal_may_be_a_multiple_of_what_Python_takes(double ours, bool met) =>
        Assert.Equal(met, Met(new("m", 0.5, Reference.Python), new(ours, Unit.Microseconds), python: new(20, Unit.Microseconds)));

    [Theory]
    [InlineData(30, 50)]
    [InlineData(50, 30)]
    public void The_better_peer_is_the_one_with_the_shorter_time(double python, double c)
    {
        Goal goal = new("m", 1.1, Reference.BetterPeer);
        Assert.True(Met(goal, new(33, Unit.Microseconds), new(python, Unit.Microseconds), new(c, Unit.Microseconds)));
        Assert.False(Met(goal, new(34, Unit.Microseconds), new(python, Unit.Microseconds), new(c, Unit.Microseconds)));
    }

    [Fact]
    public void The_better_peer_is_the_one_with_the_higher_rate()
    {
        Goal goal = new("m", 1, Reference.BetterPeer);
        Assert.False(Met(goal, new(3, Unit.GibibytesPerSecond), new(1, Unit.GibibytesPerSecond), new(5, Unit.GibibytesPerSecond)));
        Assert.False(Met(goal, new(3, Unit.GibibytesPerSecond), new(5, Unit.GibibytesPerSecond), new(1, Unit.GibibytesPerSecond)));
    }

    [Fact]
    public void The_better_peer_is_the_only_one_where_the_other_is_missing()
    {
        Goal goal = new("m", 1, Reference.BetterPeer);
        Assert.True(Met(goal, new(3, Unit.Microseconds), python: new(4, Unit.Microseconds)));
        Assert.True(Met(goal, new(3, Unit.Microseconds), c: new(4, Unit.Microseconds)));
    }

    [Fact]
    public void A_goal_may_be_a_multiple_of_another_metric()
    {
        Goal goal = new("m", 0.5, Reference.Metric, "other");
        Row row = new("m", Unit.MillionMessagesPerSecond, new(30, Unit.MillionMessagesPerSecond), null, null, [goal]);
        Assert.True(goal.IsMet(row, name => name == "other" ? new(60, Unit.MillionMessagesPerSecond) : null));
        Assert.False(goal.IsMet(row, _ => new(61, Unit.MillionMessagesPerSecond)));
        Assert.Null(goal.IsMet(row, _ => null));
    }

    [Fact]
    public void Without_a_figure_there_is_no_verdict()
    {
        Assert.Null(Met(new("m", 200, Reference.Itself), null));
        Assert.Null(Met(new("m", 2, Reference.C), new(1, Unit.Microseconds)));
        Assert.Null(Met(new("m", 2, Reference.Python), new(1, Unit.Microseconds)));
        Assert.Null(Met(new("m", 2, Reference.BetterPeer), new(1, Unit.Microseconds)));
    }

    [Fact]
    public void A_goal_is_put_into_words()
    {
        Assert.Equal("≤ 2 x C", new Goal("m", 2, Reference.C).Describe(Unit.Microseconds));
        Assert.Equal("≥ 50 Mmsg/s", new Goal("m", 50, Reference.Itself).Describe(Unit.MillionMessagesPerSecond));
        Assert.Equal("≥ 0.5 x other", new Goal("m", 0.5, Reference.Metric, "other").Describe(Unit.MillionMessagesPerSecond));
    }

    private static bool? Met(Goal goal, Figure? ours, Figure? python = null, Figure? c = null) =>
        goal.IsMet(new Row("m", ours?.Unit ?? Unit.Microseconds, ours, python, c, [goal]), _ => null);

    private static Figure[] Times(params double[] values) => Array.ConvertAll(values, value => new Figure(value, Unit.Milliseconds));
}
