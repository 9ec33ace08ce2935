using System.Globalization;
using System.Text;
using CsCheck;

namespace Multiprocessing.Posix.Tests;

public sealed class RecordParserTests
{
    private const string AfterName = "S 1 2 3 0 -1 4194560 10 11 12 13 14 15 16 17 20 0 7 0 83861 3133440 413 18446744073709551615 26 27 28 29 30 0 0 0 0 0 0 0 17 5 0 0 0 0 44 45 46 47 48 49 50 51 52\n";

    [Fact]
    public void A_stat_line_is_read_whatever_bytes_the_name_has() =>
        Gen.Byte.Array[0, 64].Sample(name =>
        {
            StatRecord stat = StatRecord.Parse([.. "4711 ("u8, .. name, .. ") "u8, .. Encoding.ASCII.GetBytes(AfterName)]);
            Assert.Equal(SurrogateEscape.Decode(name), stat.Name);
            Assert.Equal(4711, stat.Id);
            Assert.Equal('S', stat.State);
            Assert.Equal((1, 2, 3), (stat.ParentId, stat.ProcessGroupId, stat.SessionId));
            Assert.Equal((10L, 12L, 14L, 15L), (stat.MinorFaults, stat.MajorFaults, stat.UserTicks, stat.SystemTicks));
            Assert.Equal((7, 83861L, 5), (stat.ThreadCount, stat.StartTicks, stat.Processor));
            Assert.Equal((26UL, 28UL, 51UL), stat.AddressSpace);
        });

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("))((")]
    [InlineData(") R 1 2 3")]
    [InlineData(") R 1\n5 (x")]
    public void A_name_that_looks_like_the_rest_of_the_line_does_not_deceive(string name)
    {
        StatRecord stat = StatRecord.Parse(Encoding.UTF8.GetBytes($"1 ({name}) {AfterName}"));
        Assert.Equal((name, 'S', 1), (stat.Name, stat.State, stat.ParentId));
    }

    [Fact]
    public void Any_bytes_are_a_record_or_a_clear_refusal() =>
        Gen.Select(Gen.Byte.Array, Gen.Bool).Sample((bytes, likeStat) =>
        {
            byte[] text = likeStat ? [.. "1 (x) S "u8, .. bytes] : bytes;
            Refuses(() => StatRecord.Parse(text));
            Refuses(() => new MapsLines().Add(text));
            Refuses(() => _ = new StatusRecord(text).UserIds);
            Refuses(() => _ = new StatusRecord(text).Signals);
            Refuses(() => _ = new StatusRecord(text).MaxResidentBytes);
            Refuses(() => OpenFlags.Parse(text));
            Refuses(() => LimitsText.Parse(Encoding.Latin1.GetString(text)));
            Assert.NotNull(NullTerminated.Variables(text));
            _ = SchedStat.Parse(text);
        });

    [Fact]
    public void A_stat_line_cut_off_anywhere_before_its_last_field_is_refused()
    {
        byte[] line = Encoding.ASCII.GetBytes($"4711 (x) {AfterName}");
        int whole = Encoding.ASCII.GetString(line).IndexOf(" 52\n", StringComparison.Ordinal);
        for (int length = 0; length < whole - 2; length++)
        {
            byte[] part = line[..length];
            Assert.Throws<FormatException>(() => StatRecord.Parse(part));
        }

        Assert.Equal(51UL, StatRecord.Parse(line.AsSpan(0, whole)).AddressSpace.EnvironmentEnd);
    }

    [Fact]
    public void A_status_is_read_by_its_names_and_a_name_cannot_pass_for_another_line()
    {
        StatusRecord status = new(Encoding.ASCII.GetBytes(
            "Name:\ta\\nUid:\\t9\nState:\tT (stopped)\nTgid:\t12\nUid:\t1\t2\t3\t4\nGid:\t4294967294\t6\t7\t8\nGroups:\t4 5 4294967294 \nVmHWM:\t    1728 kB\nThreads:\t3\n"
            + "SigPnd:\t0000000000000001\nShdPnd:\t0000000000000002\nSigBlk:\t8000000000000000\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000000\n"
            + "voluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t18\n"));
        Assert.Equal((1u, 2u, 3u), status.UserIds);
        Assert.Equal((4294967294u, 6u, 7u), status.GroupIds);
        Assert.Equal([4u, 5u, 4294967294u], status.SupplementaryGroups);
        Assert.Equal((12, 3, 'T', 1728L * 1024, 17L, 18L), (status.ThreadGroupId, status.ThreadCount, status.State, status.MaxResidentBytes, status.VoluntarySwitches, status.InvoluntarySwitches));
        Assert.Equal([Signal.Hup, Signal.Int], status.Signals.Pending.OrderBy(s => s.Number));
        Assert.Equal([new Signal(64)], status.Signals.Blocked);
        Assert.Equal([Signal.Pipe], status.Signals.Ignored);
        Assert.Empty(status.Signals.Caught);
    }

    [Fact]
    public void A_map_line_is_read_whatever_bytes_the_path_has() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Byte.Where(b => b is not ((byte)'\n') and not ((byte)' ')).Array).Sample((start, end, path) =>
        {
            MapsLines lines = new();
            byte[] line = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{start:x8}-{end:x8} r-xs 00001000 fe:01 1234                       ")), .. path];
            lines.Add(line);
            Assert.Equal(new MemoryRegion(start, end, "r-xs", SurrogateEscape.Decode(path)), Assert.Single(lines.Regions));
        });

    [Fact]
    public void A_path_keeps_its_spaces()
    {
        MapsLines lines = new();
        lines.Add("7f00-7fff ---p 00000000 00:00 0"u8);
        lines.Add("8000-9000 rw-p 00000000 fe:01 12       /tmp/a b  c (deleted)"u8);
        Assert.Equal([new MemoryRegion(0x7f00, 0x7fff, "---p", ""), new MemoryRegion(0x8000, 0x9000, "rw-p", "/tmp/a b  c (deleted)")], lines.Regions);
    }

    [Fact]
    public void Variables_are_split_at_the_first_equals_sign_and_the_first_of_a_name_counts()
    {
        Dictionary<string, string> variables = NullTerminated.Variables("A=1\0B=x=y\0\0nothing\0A=2\0C=\0D=ÿend"u8);
        Assert.Equal(new Dictionary<string, string> { ["A"] = "1", ["B"] = "x=y", ["C"] = "", ["D"] = "ÿend" }, variables);
        Assert.Equal("\udcff", NullTerminated.Variables([(byte)'D', (byte)'=', 0xFF])["D"]);
    }

    [Fact]
    public void Strings_keep_empty_ones() =>
        Gen.Byte.Where(b => b != 0).Array.Array.Sample(strings =>
        {
            byte[] text = [.. strings.SelectMany(s => (byte[])[.. s, 0])];
            Assert.Equal(strings.Select(s => SurrogateEscape.Decode(s)), NullTerminated.Strings(text));
        });

    [Theory]
    [InlineData(8L, 7L, "Running")]
    [InlineData(7L, 7L, "Undecided")] // ready, or running with a turn that was not counted
    [InlineData(5L, 7L, "Undecided")]
    [InlineData(0L, 0L, "NeverRun")]
    [InlineData(null, 7L, "Undecided")]
    public void A_thread_that_was_given_a_processor_once_more_than_it_gave_one_up_runs(long? turns, long gaveUp, string expected) =>
        Assert.Equal(expected, ThreadActivity.Judge(turns, gaveUp).ToString());

    [Theory]
    [InlineData(0, 0, 0, null)] // nothing has happened
    [InlineData(0, 0, 1, true)] // its time went on within one turn
    [InlineData(0, 1, 1, true)] // it gave up what it had
    [InlineData(1, 0, 1, false)] // it was given what it had not
    [InlineData(1, 1, 1, null)] // either, once
    [InlineData(2, 3, 1, true)]
    [InlineData(3, 2, 1, false)]
    public void What_an_undecided_thread_does_next_tells_what_it_did(int given, int gaveUp, int time, bool? expected)
    {
        ThreadActivity first = new(ThreadActivity.Of.Undecided, GaveUp: 107, Counts: new SchedStat(1000, 100));
        ThreadActivity now = new(ThreadActivity.Of.Undecided, GaveUp: 107 + gaveUp, Counts: new SchedStat(1000 + time, 100 + given));
        Assert.Equal(expected, UndecidedThreads.Ran(first, now));
        Assert.True(UndecidedThreads.Ran(first, new ThreadActivity(ThreadActivity.Of.Waiting)));
        Assert.True(UndecidedThreads.Ran(first with { Counts = null }, now));
    }

    private static void Refuses(Action parse)
    {
        try
        {
            parse();
        }
        catch (FormatException refusal)
        {
            Assert.Contains("/proc/PID/", refusal.Message, StringComparison.Ordinal);
        }
    }
}
