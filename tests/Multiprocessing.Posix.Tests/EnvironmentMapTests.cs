using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

public sealed class EnvironmentMapTests : IDisposable
{
    private const string Name = "MULTIPROCESSING_TEST";
    private const string Other = "MULTIPROCESSING_TEST_2";

    private static readonly byte[] s_notText = [0xFF, (byte)'a', 0xC3, 0xFE];

    private readonly KeyValuePair<byte[], byte[]>[] _before = [.. Os.EnvironBytes];

    public void Dispose()
    {
        Os.EnvironBytes.Clear();
        foreach ((byte[] name, byte[] value) in _before)
        {
            Os.EnvironBytes[name] = value;
        }
    }

    [Fact]
    [Conformance(56)]
    public void A_variable_that_is_set_is_so_for_native_code_for_NET_and_for_programs()
    {
        Os.PutEnv(Name, "grüße 🚲=");
        AssertEverywhere(Name, "grüße 🚲=");
        Os.Environ[Name] = "";
        AssertEverywhere(Name, "");
        Os.EnvironBytes["MULTIPROCESSING_TEST"u8.ToArray()] = "é"u8.ToArray();
        AssertEverywhere(Name, "é");
        Os.Environ.Add(Other, "b");
        AssertEverywhere(Other, "b");
    }

    [Fact]
    [Conformance(56)]
    public void A_variable_that_is_removed_is_so_for_native_code_for_NET_and_for_programs()
    {
        Os.PutEnv(Name, "a");
        Os.UnsetEnv(Name);
        AssertEverywhere(Name, null);
        Os.PutEnv(Name, "a");
        Assert.True(Os.Environ.Remove(Name));
        AssertEverywhere(Name, null);
        Assert.False(Os.Environ.Remove(Name));
        Os.UnsetEnv(Name);
    }

    [Fact]
    public void What_native_code_sets_or_removes_is_seen_here_and_then_by_NET()
    {
        NativeVariable.Set(Name, "a");
        AssertEverywhere(Name, "a");
        NativeVariable.Set(Name, "b");
        AssertEverywhere(Name, "b");
        NativeVariable.Set(Name, null);
        AssertEverywhere(Name, null);
    }

    [Fact]
    public void What_NET_sets_or_removes_is_seen_here_and_by_native_code_from_the_next_access_on()
    {
        Environment.SetEnvironmentVariable(Name, "a");
        Assert.Null(NativeVariable.Get(Name)); // what the merging is for
        _ = Os.GetEnv("PATH");
        Assert.Equal("a", NativeVariable.Get(Name));
        AssertEverywhere(Name, "a");
        Environment.SetEnvironmentVariable(Name, "b");
        AssertEverywhere(Name, "b");
        Environment.SetEnvironmentVariable(Name, "");
        AssertEverywhere(Name, "");
        Environment.SetEnvironmentVariable(Name, null);
        AssertEverywhere(Name, null);
    }

    [Fact]
    public void A_program_that_is_started_without_an_access_before_has_the_changes_of_both_sides()
    {
        NativeVariable.Set(Name, "native");
        Environment.SetEnvironmentVariable(Other, "managed");
        string[] output = Encoding.UTF8.GetString(SpawnedProgram.Output(["/usr/bin/env"])).Split('\n');
        Assert.Contains($"{Name}=native", output);
        Assert.Contains($"{Other}=managed", output);
    }

    [Theory]
    [InlineData("native", "managed")]
    [InlineData(null, "managed")]
    [InlineData("native", null)]
    public void Where_both_sides_changed_a_variable_native_code_wins(string? native, string? managed)
    {
        Os.PutEnv(Name, "before");
        NativeVariable.Set(Name, native);
        Environment.SetEnvironmentVariable(Name, managed);
        AssertEverywhere(Name, native);
    }

    [Fact]
    public void Each_side_may_change_a_variable_of_its_own()
    {
        Os.PutEnv(Name, "before");
        Os.PutEnv(Other, "before");
        NativeVariable.Set(Name, "native");
        Environment.SetEnvironmentVariable(Other, "managed");
        AssertEverywhere(Name, "native");
        AssertEverywhere(Other, "managed");
    }

    [Fact]
    public void A_change_that_was_taken_back_is_no_change()
    {
        Os.PutEnv(Name, "before");
        NativeVariable.Set(Name, "native");
        NativeVariable.Set(Name, "before");
        Environment.SetEnvironmentVariable(Name, "managed");
        AssertEverywhere(Name, "managed");
    }

    [Fact]
    [Conformance(57)]
    public void A_name_as_none_can_be_is_refused_and_nothing_changes()
    {
        KeyValuePair<string, string>[] before = [.. Os.Environ];
        foreach (string name in (string[])["", "A=B", "=", "A\0B", "A\uD800", "\uDFFF"])
        {
            Assert.Throws<ArgumentException>(() => Os.PutEnv(name, "a"));
            Assert.Throws<ArgumentException>(() => Os.UnsetEnv(name));
            Assert.Throws<ArgumentException>(() => Os.Environ[name] = "a");
            Assert.Throws<ArgumentException>(() => Os.Environ.Add(name, "a"));
            Assert.Throws<ArgumentException>(() => Os.Environ.Remove(name));
            Assert.Null(Os.GetEnv(name));
            Assert.False(Os.Environ.ContainsKey(name));
        }

        foreach (byte[] name in (byte[][])[[], [.. "A=B"u8], [.. "A\0B"u8]])
        {
            Assert.Throws<ArgumentException>(() => Os.EnvironBytes[name] = [1]);
            Assert.Throws<ArgumentException>(() => Os.EnvironBytes.Remove(name));
            Assert.Null(Os.GetEnvBytes(name));
        }

        Assert.Equal(before, Os.Environ);
    }

    [Fact]
    [Conformance(57)]
    public void A_value_as_none_can_be_is_refused_and_nothing_changes()
    {
        Os.PutEnv(Name, "before");
        foreach (string value in (string[])["a\0b", "\0", "\uDFFF", "\uD800a"])
        {
            Assert.Throws<ArgumentException>(() => Os.PutEnv(Name, value));
            Assert.Throws<ArgumentException>(() => Os.Environ[Name] = value);
            Assert.Throws<ArgumentException>(() => Os.Environ.Add(Other, value));
        }

        Assert.Throws<ArgumentException>(() => Os.EnvironBytes[[.. "MULTIPROCESSING_TEST"u8]] = [0]);
        AssertEverywhere(Name, "before");
        AssertEverywhere(Other, null);
    }

    [Fact]
    public void What_is_null_is_refused()
    {
        Assert.Throws<ArgumentNullException>(() => Os.GetEnv(null!));
        Assert.Throws<ArgumentNullException>(() => Os.GetEnvBytes(null!));
        Assert.Throws<ArgumentNullException>(() => Os.PutEnv(null!, "a"));
        Assert.Throws<ArgumentNullException>(() => Os.PutEnv(Name, null!));
        Assert.Throws<ArgumentNullException>(() => Os.UnsetEnv(null!));
        Assert.Null(Os.GetEnv(Name));
    }

    [Fact]
    [Conformance(58)]
    public void Bytes_that_are_not_text_survive_as_text_and_reach_a_program()
    {
        byte[] name = [.. Encoding.UTF8.GetBytes(Name), 0xE9];
        Os.EnvironBytes[name] = s_notText;
        Assert.Equal(s_notText, NativeVariable.GetBytes(name));

        string nameText = $"{Name}\uDCE9";
        string text = Os.Environ[nameText];
        Assert.Equal("\uDCFFa\uDCC3\uDCFE", text);
        Os.Environ[Name] = text;
        Assert.Equal(s_notText, Os.EnvironBytes[Encoding.UTF8.GetBytes(Name)]);
        Assert.Equal(s_notText, NativeVariable.GetBytes(Encoding.UTF8.GetBytes(Name)));

        foreach (byte[] output in (byte[][])[SpawnedProgram.Output(["/usr/bin/env"]), SpawnedProgram.Output(["/usr/bin/env"], Os.Environ)])
        {
            Assert.True(output.AsSpan().IndexOf([.. name, (byte)'=', .. s_notText, (byte)'\n']) >= 0);
            Assert.True(output.AsSpan().IndexOf([.. Encoding.UTF8.GetBytes(Name), (byte)'=', .. s_notText, (byte)'\n']) >= 0);
        }
    }

    [Fact]
    public void Escapes_that_spell_out_text_are_that_text()
    {
        Os.PutEnv($"{Name}_\uDCC3\uDCA9", "\uDCE2\uDC82\uDCAC");
        Assert.Equal("€", Os.Environ[$"{Name}_é"]);
        Assert.Equal("€", NativeVariable.Get($"{Name}_é"));
        Assert.Equal("€", Environment.GetEnvironmentVariable($"{Name}_é"));
        Assert.True(Os.Environ.Remove($"{Name}_\uDCC3\uDCA9"));
    }

    [Fact]
    public void Bytes_reach_a_program_in_its_arguments_too() =>
        Assert.Equal(s_notText, SpawnedProgram.Output(["/usr/bin/printf", "%s", SurrogateEscape.Decode(s_notText)]));

    [Fact]
    [Conformance(58)]
    public void A_value_that_is_not_text_is_left_alone_by_other_changes_of_NET()
    {
        byte[] name = Encoding.UTF8.GetBytes(Name);
        NativeVariable.Set(name, s_notText);
        Environment.SetEnvironmentVariable(Other, "a");
        Assert.Equal("a", Os.GetEnv(Other));
        Environment.SetEnvironmentVariable(Other, null);
        Assert.Null(Os.GetEnv(Other));
        Assert.Equal(s_notText, NativeVariable.GetBytes(name));
        Assert.Equal(s_notText, Os.GetEnvBytes(name));
        Assert.Contains('\uFFFD', Environment.GetEnvironmentVariable(Name)!);
        Assert.True(SpawnedProgram.Output(["/usr/bin/env"]).AsSpan().IndexOf([.. name, (byte)'=', .. s_notText, (byte)'\n']) >= 0);
    }

    [Fact]
    public void A_value_that_is_not_text_is_replaced_when_NET_really_changes_it()
    {
        Os.EnvironBytes[Encoding.UTF8.GetBytes(Name)] = s_notText;
        Environment.SetEnvironmentVariable(Name, "a");
        AssertEverywhere(Name, "a");
        Os.EnvironBytes[Encoding.UTF8.GetBytes(Name)] = s_notText;
        Environment.SetEnvironmentVariable(Name, null);
        AssertEverywhere(Name, null);
    }

    [Fact]
    public void A_name_that_is_not_text_stays_with_native_code()
    {
        byte[] name = [.. Encoding.UTF8.GetBytes(Name), 0xFF];
        int managed = Environment.GetEnvironmentVariables().Count;
        NativeVariable.Set(name, "a"u8.ToArray());
        Assert.Equal("a", Os.GetEnv($"{Name}\uDCFF"));
        Assert.Equal(managed, Environment.GetEnvironmentVariables().Count);
        Environment.SetEnvironmentVariable(Other, "b");
        Assert.Equal("b", Os.GetEnv(Other));
        Assert.Equal("a"u8.ToArray(), NativeVariable.GetBytes(name));
        Assert.Null(NativeVariable.Get($"{Name}\uFFFD"));
        Os.UnsetEnv($"{Name}\uDCFF");
        Assert.Null(NativeVariable.GetBytes(name));
    }

    [Fact]
    public unsafe void Entries_without_a_name_are_left_alone_and_of_several_with_one_name_the_first_counts()
    {
        byte*** environ = (byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");
        byte* odd = Copy("MULTIPROCESSING_ODD"u8);
        byte* nameless = Copy("=nameless"u8);
        *environ = Entries(*environ, [odd, nameless, Copy("MULTIPROCESSING_TEST=first"u8), Copy("MULTIPROCESSING_TEST=second"u8)], []);
        try
        {
            Assert.Equal("first", Os.GetEnv(Name));
            Assert.Equal("first", Environment.GetEnvironmentVariable(Name));
            Assert.Single(Os.Environ, v => v.Key == Name);
            Assert.DoesNotContain(Os.Environ, v => v.Key is "MULTIPROCESSING_ODD" or "");
            Os.PutEnv(Name, "third");
            Assert.Equal("third", NativeVariable.Get(Name));
            Assert.Equal("third", Environment.GetEnvironmentVariable(Name));
            Os.UnsetEnv(Name);
            AssertEverywhere(Name, null);
            string[] output = Encoding.UTF8.GetString(SpawnedProgram.Output(["/usr/bin/env"])).Split('\n');
            Assert.Contains("MULTIPROCESSING_ODD", output);
            Assert.Contains("=nameless", output);
        }
        finally
        {
            *environ = Entries(*environ, [], [odd, nameless]);
        }
    }

    [Fact]
    public unsafe void A_value_that_native_code_overwrites_in_place_is_seen()
    {
        Os.PutEnv(Name, "abc");
        Assert.Equal("abc", Os.GetEnv(Name));
        byte*** environ = (byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");
        for (byte** entry = *environ; *entry is not null; entry++)
        {
            ReadOnlySpan<byte> content = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*entry);
            if (content.StartsWith("MULTIPROCESSING_TEST="u8))
            {
                (*entry)[content.Length - 1] = (byte)'x';
            }
        }

        AssertEverywhere(Name, "abx");
    }

    [Fact]
    public void A_variable_that_is_not_set_is_an_error_that_names_it_or_a_default()
    {
        Assert.Contains(Name, Assert.Throws<KeyNotFoundException>(() => Os.Environ[Name]).Message, StringComparison.Ordinal);
        Assert.Contains(Name, Assert.Throws<KeyNotFoundException>(() => Os.EnvironBytes[Encoding.UTF8.GetBytes(Name)]).Message, StringComparison.Ordinal);
        Assert.Null(Os.GetEnv(Name));
        Assert.Equal("x", Os.GetEnv(Name, "x"));
        Assert.Null(Os.GetEnvBytes([65, 66]));
        Assert.Equal([1], Os.GetEnvBytes([65, 66], [1]));
        Assert.Null(Os.Environ.GetValueOrDefault(Name));
        Assert.Equal("x", Os.Environ.GetValueOrDefault(Name, "x"));
        Assert.False(Os.Environ.TryGetValue(Name, out string? value));
        Assert.Null(value);
        Os.PutEnv(Name, "a");
        Assert.Equal("a", Os.GetEnv(Name, "x"));
        Assert.Equal("a", Os.Environ.GetValueOrDefault(Name, "x"));
        Assert.True(Os.Environ.TryGetValue(Name, out value));
        Assert.Equal("a", value);
    }

    [Fact]
    public void It_is_a_dictionary()
    {
        EnvironmentMap<string> environment = Os.Environ;
        int count = environment.Count;
        environment.Add(new KeyValuePair<string, string>(Name, "a"));
        Assert.Contains(Name, Assert.Throws<ArgumentException>(() => environment.Add(Name, "b")).Message, StringComparison.Ordinal);
        Assert.Equal("a", environment[Name]);
        Assert.Equal(count + 1, environment.Count);
        Assert.False(environment.IsReadOnly);
        Assert.Contains(new KeyValuePair<string, string>(Name, "a"), environment);
        Assert.DoesNotContain(new KeyValuePair<string, string>(Name, "b"), environment);
        Assert.Contains(Name, environment.Keys);
        Assert.Contains("a", environment.Values);
        Assert.Throws<NotSupportedException>(() => environment.Keys.Remove(Name));
        Assert.False(environment.Remove(new KeyValuePair<string, string>(Name, "b")));
        Assert.True(environment.Remove(new KeyValuePair<string, string>(Name, "a")));
        Assert.False(environment.ContainsKey(Name));

        KeyValuePair<string, string>[] copy = new KeyValuePair<string, string>[count + 2];
        environment.CopyTo(copy, 1);
        Assert.Equal(environment, copy[1..^1]);
        Assert.Throws<ArgumentException>(() => environment.CopyTo(copy, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => environment.CopyTo(copy, -1));
        Assert.Equal(count, ((IReadOnlyDictionary<string, string>)Os.Environ).Keys.Count());
    }

    [Fact]
    public void It_can_be_changed_while_it_is_enumerated()
    {
        Os.PutEnv(Name, "a");
        int seen = 0;
        foreach ((string name, string value) in Os.Environ)
        {
            seen++;
            Os.PutEnv(Other + seen, value);
            Os.UnsetEnv(name);
        }

        Assert.Equal(seen, Os.Environ.Count);
        Assert.All((IEnumerable<KeyValuePair<string, string>>)Os.Environ, v => Assert.StartsWith(Other, v.Key, StringComparison.Ordinal));
    }

    [Fact]
    public void Names_in_bytes_compare_by_content()
    {
        byte[] name = [.. "MULTIPROCESSING_TEST"u8];
        Os.EnvironBytes.Add(name, [1, 2]);
        Assert.Equal([1, 2], Os.EnvironBytes[[.. name]]);
        Assert.Contains([.. name], Os.EnvironBytes.Keys);
        Assert.Contains([1, 2], Os.EnvironBytes.Values);
        Assert.True(((ICollection<KeyValuePair<byte[], byte[]>>)Os.EnvironBytes).Contains(new([.. name], [1, 2])));
        Os.EnvironBytes[name][0] = 9;
        Assert.Equal([1, 2], Os.EnvironBytes[name]); // what is given is a copy
        Assert.Throws<ArgumentException>(() => Os.EnvironBytes.Add([.. name], [3]));
        Assert.True(Os.EnvironBytes.Remove(new KeyValuePair<byte[], byte[]>([.. name], [1, 2])));
    }

    [Fact]
    public void Cleared_it_is_empty_for_native_code_for_NET_and_for_programs()
    {
        Os.Environ.Clear();
        Assert.Empty((IEnumerable)Os.Environ);
        Assert.Empty(Environment.GetEnvironmentVariables());
        Assert.Null(NativeVariable.Get("PATH"));
        Assert.Empty(SpawnedProgram.Output(["/usr/bin/env"]));
    }

    [Fact]
    [Conformance(59)]
    public void A_changed_copy_of_it_can_be_given_to_a_program()
    {
        Dictionary<string, string> environment = new(Os.Environ) { [Name] = "program's" };
        environment.Remove("PATH");
        string[] output = Encoding.UTF8.GetString(SpawnedProgram.Output(["/usr/bin/env"], environment)).Split('\n');
        Assert.Equal(environment.Select(v => $"{v.Key}={v.Value}").Append("").Order(StringComparer.Ordinal), output.Order(StringComparer.Ordinal));
        AssertEverywhere(Name, null);
    }

    [Fact]
    public void Many_threads_may_use_it_at_once()
    {
        const int Threads = 8;
        const int Rounds = 300;
        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, thread =>
        {
            string name = $"{Name}_{thread}";
            for (int round = 0; round < Rounds; round++)
            {
                Os.PutEnv(name, $"{round}");
                Assert.Equal($"{round}", Os.GetEnv(name));
                Environment.SetEnvironmentVariable($"{name}_managed", $"{round}");
                Assert.Equal($"{round}", Os.GetEnv($"{name}_managed"));
                Assert.True(Os.Environ.Count >= 2);
                Assert.Contains(name, Os.Environ.Keys);
                Os.UnsetEnv(name);
                Assert.False(Os.Environ.ContainsKey(name));
            }
        });
    }

    private static void AssertEverywhere(string name, string? value)
    {
        Assert.Equal(value, Os.GetEnv(name));
        Assert.Equal(value is null ? null : Encoding.UTF8.GetBytes(value), Os.GetEnvBytes(Encoding.UTF8.GetBytes(name)));
        Assert.Equal(value is not null, Os.Environ.ContainsKey(name));
        Assert.Equal(value, NativeVariable.Get(name));
        Assert.Equal(value, Environment.GetEnvironmentVariable(name));
        Assert.Equal(value is null ? [] : [$"{name}={value}"], Encoding.UTF8.GetString(SpawnedProgram.Output(["/usr/bin/env"])).Split('\n').Where(line => line.StartsWith($"{name}=", StringComparison.Ordinal)));
    }

    private static unsafe byte* Copy(ReadOnlySpan<byte> text)
    {
        byte* copy = (byte*)NativeMemory.AllocZeroed((nuint)text.Length + 1); // lives on in the environment, as with putenv
        text.CopyTo(new Span<byte>(copy, text.Length));
        return copy;
    }

    private static unsafe byte** Entries(byte** from, byte*[] with, byte*[] without)
    {
        int count = 0;
        while (from[count] is not null)
        {
            count++;
        }

        byte** entries = (byte**)NativeMemory.AllocZeroed((nuint)(count + with.Length + 1), (nuint)sizeof(byte*));
        int next = 0;
        foreach (byte* entry in with)
        {
            entries[next++] = entry;
        }

        for (int i = 0; i < count; i++)
        {
            bool stays = true;
            foreach (byte* entry in without)
            {
                stays &= entry != from[i];
            }

            if (stays)
            {
                entries[next++] = from[i];
            }
        }

        return entries;
    }
}
