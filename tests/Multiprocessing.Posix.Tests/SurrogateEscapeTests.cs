using System.Text;
using CsCheck;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class SurrogateEscapeTests
{
    // Random bytes are hardly ever UTF-8 beyond one byte: pieces of it, whole and broken, between them.
    private static readonly byte[][] s_pieces =
        ["é"u8.ToArray(), "€"u8.ToArray(), "🚲"u8.ToArray(), [0xE2, 0x82], [0xF0, 0x9F, 0x9A], [0xED, 0xB2, 0x80], [0xC0, 0xAF], [0xF5, 0x80], [0xF4, 0x90, 0x80, 0x80]];

    private static readonly Gen<byte[]> s_bytes =
        Gen.OneOf(Gen.Byte[1, 255].Array[0, 8], Gen.Int[0, s_pieces.Length - 1].Select(i => s_pieces[i])).Array[0, 6].Select(parts => parts.SelectMany(part => part).ToArray());

    [Fact]
    [Conformance(58)]
    public void Any_bytes_come_back_from_their_text() =>
        s_bytes.Sample(bytes => SurrogateEscape.Encode(SurrogateEscape.Decode(bytes)).AsSpan().SequenceEqual(bytes));

    [Fact]
    public void Different_bytes_are_different_texts() =>
        Gen.Select(s_bytes, s_bytes).Sample((one, other) => one.AsSpan().SequenceEqual(other) == (SurrogateEscape.Decode(one) == SurrogateEscape.Decode(other)));

    [Fact]
    public void What_is_UTF_8_is_the_text_that_it_says() =>
        Gen.String.Select(text => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Replace("\0", "", StringComparison.Ordinal)))).Sample(text =>
            SurrogateEscape.Decode(Encoding.UTF8.GetBytes(text)) == text && SurrogateEscape.Encode(text).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void The_text_of_any_bytes_is_Pythons()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3 is not installed, so there is nothing to compare with.");
        List<byte[]> samples = [];
        s_bytes.Sample(samples.Add, iter: 500, threads: 1);
        string script = "import os, sys\nfor sample in sys.argv[1].split(','): print(' '.join(str(ord(c)) for c in os.fsdecode(bytes.fromhex(sample))))";
        byte[] output = SpawnedProgram.Output(["/usr/bin/python3", "-X", "utf8", "-c", script, string.Join(',', samples.Select(Convert.ToHexString))]);
        Assert.Equal(Encoding.ASCII.GetString(output).Split('\n')[..^1], samples.Select(sample => CodePoints(SurrogateEscape.Decode(sample))));
    }

    [Fact]
    public void What_stands_for_no_bytes_is_refused()
    {
        foreach (string text in (string[])["a\0b", "\uD800", "\uDC7F", "\uDD00", "\uDFFF", "a\uD83D", "\uDC7F\0"])
        {
            Assert.Equal("what", Assert.Throws<ArgumentException>(() => SurrogateEscape.Encode(text, "what")).ParamName);
        }
    }

    private static string CodePoints(string text)
    {
        List<int> points = [];
        for (int i = 0; i < text.Length; i++)
        {
            points.Add(char.IsSurrogatePair(text, i) ? char.ConvertToUtf32(text, i++) : text[i]);
        }

        return string.Join(' ', points);
    }
}
