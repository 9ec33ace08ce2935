using System.Text;

namespace Multiprocessing.Tests;

public sealed class LastLinesTests
{
    [Fact]
    public void Nothing_gives_nothing() => Assert.Equal("", new LastLines().ToString());

    [Fact]
    public void What_fits_is_kept_as_it_is()
    {
        string text = new('x', LastLines.Capacity);
        Assert.Equal(text, Keep(text));
    }

    [Fact]
    public void Of_more_than_fits_whole_lines_are_kept()
    {
        string half = new string('x', (LastLines.Capacity / 2) - 1) + "\n";
        Assert.Equal(half + half, Keep("first\n" + half + half));
        Assert.Equal(half, Keep(half + half + "\n")[..^1]);
    }

    [Fact]
    public void Of_a_line_that_is_too_long_the_end_is_kept_from_a_whole_letter_on()
    {
        string kept = Keep(new string('ü', LastLines.Capacity) + "x\n");
        Assert.Equal(new string('ü', (LastLines.Capacity / 2) - 1) + "x\n", kept);
    }

    [Fact]
    public void What_is_no_text_is_replaced()
    {
        LastLines lines = new();
        for (int i = 0; i < LastLines.Capacity; i++)
        {
            lines.Append([0x80, 0xFF]);
        }

        Assert.Equal(new string('\uFFFD', LastLines.Capacity - 3), lines.ToString().TrimEnd()[..(LastLines.Capacity - 3)]);
    }

    [Fact]
    public void In_whatever_pieces_it_comes_the_end_is_the_same()
    {
        Random random = new(1);
        for (int round = 0; round < 50; round++)
        {
            LastLines lines = new();
            StringBuilder all = new();
            for (int total = random.Next(6 * LastLines.Capacity); all.Length < total;)
            {
                string piece = string.Concat(Enumerable.Range(0, random.Next(random.Next(2) == 0 ? 10 : 500)).Select(_ => $"{new string('l', random.Next(100))}{all.Length}\n"));
                all.Append(piece);
                lines.Append(Encoding.ASCII.GetBytes(piece));
            }

            string expected = all.ToString();
            if (expected.Length > LastLines.Capacity)
            {
                int from = expected.Length - LastLines.Capacity;
                expected = expected[(expected.IndexOf('\n', from - 1) + 1)..];
            }

            Assert.Equal(expected, lines.ToString());
        }
    }

    private static string Keep(string text)
    {
        LastLines lines = new();
        lines.Append(Encoding.UTF8.GetBytes(text));
        return lines.ToString();
    }
}
