using System.Collections;
using System.Globalization;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>What a child has of its parent's environment, and what its first look at it makes of changes made before.</summary>
public sealed class EnvironmentCopyTests : IDisposable
{
    private const string Name = "MULTIPROCESSING_TEST";
    private const string Other = "MULTIPROCESSING_TEST_2";

    // An "é" of another time in the name, and a value that is not UTF-8 either.
    private const string NameNotText = $"{Name}\uDCE9";
    private const string NotText = "\uDCFFa\uDCC3\uDCFE";

    public void Dispose()
    {
        Os.UnsetEnv(Name);
        Os.UnsetEnv(Other);
        Os.UnsetEnv(NameNotText);
    }

    [Fact]
    [Conformance(56)]
    public async Task A_child_is_started_with_what_the_library_native_code_and_NET_have_set_and_without_what_they_removed()
    {
        Os.PutEnv(Name, "library's");
        NativeVariable.Set(Other, "native");
        Assert.Equal(["library's", "native", "library's", "native"], await ChildProcess.RunAsync(Both));
        Os.UnsetEnv(Name);
        NativeVariable.Set(Other, null);
        Assert.Equal(["", "", "", ""], await ChildProcess.RunAsync(Both));
        Environment.SetEnvironmentVariable(Name, "managed");
        Assert.Equal(["managed", "", "managed", ""], await ChildProcess.RunAsync(Both));

        static string[] Both() =>
            [NativeVariable.Get(Name) ?? "", NativeVariable.Get(Other) ?? "", Environment.GetEnvironmentVariable(Name) ?? "", Environment.GetEnvironmentVariable(Other) ?? ""];
    }

    [Fact]
    public async Task Later_changes_on_either_side_stay_invisible_to_the_other()
    {
        Os.PutEnv(Name, "at the start");
        using ChildProcess<string> child = ChildProcess.Start(
            () =>
            {
                string before = Os.Environ[Name];
                Os.PutEnv(Other, "child's");
                Console.WriteLine("changed");
                Console.ReadLine();
                return $"{before}, then {Os.Environ[Name]}";
            },
            options: new ChildProcessOptions { StandardInput = StandardStream.Pipe, StandardOutput = StandardStream.Pipe });
        using StreamReader output = new(child.StandardOutput!);
        Assert.Equal("changed", await output.ReadLineAsync());
        Assert.Null(Os.GetEnv(Other));
        Os.PutEnv(Name, "later");
        await using (StreamWriter input = new(child.StandardInput!))
        {
            await input.WriteLineAsync("go on");
        }

        Assert.Equal("at the start, then at the start", await child);
        Assert.Equal("later", Os.GetEnv(Name));
        Assert.Null(Os.GetEnv(Other));
    }

    [Fact]
    [Conformance(58)]
    public async Task Bytes_that_are_not_text_reach_the_child_and_its_children()
    {
        Os.PutEnv(Name, NotText);
        Os.PutEnv(NameNotText, NotText);
        string[] expected = ["FF61C3FE", "FF61C3FE"];
        Assert.Equal(expected, await ChildProcess.RunAsync(Native));
        Assert.Equal(expected, await ChildProcess.RunAsync(() => ChildProcess.RunAsync(Native)));

        static string[] Native() =>
        [
            Convert.ToHexString(NativeVariable.GetBytes([.. "MULTIPROCESSING_TEST"u8]) ?? []),
            Convert.ToHexString(NativeVariable.GetBytes([.. "MULTIPROCESSING_TEST"u8, 0xE9]) ?? []),
        ];
    }

    [Fact]
    public async Task What_NET_changed_before_the_first_look_counts()
    {
        Os.PutEnv(Name, "parent's");
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            Environment.SetEnvironmentVariable(Name, null);
            Environment.SetEnvironmentVariable(Other, "managed");
            return new[] { Os.GetEnv(Name, "removed"), Os.GetEnv(Other, "lost"), NativeVariable.Get(Name) ?? "removed", NativeVariable.Get(Other) ?? "lost" };
        });
        Assert.Equal(["removed", "managed", "removed", "managed"], seen);
    }

    [Fact]
    public async Task What_native_code_changed_before_the_first_look_counts()
    {
        Os.PutEnv(Name, "parent's");
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            NativeVariable.Set(Name, null);
            NativeVariable.Set(Other, "native");
            return new[] { Os.GetEnv(Name, "removed"), Os.GetEnv(Other, "lost"), Environment.GetEnvironmentVariable(Name) ?? "removed", Environment.GetEnvironmentVariable(Other) ?? "lost" };
        });
        Assert.Equal(["removed", "native", "removed", "native"], seen);
    }

    [Fact]
    public async Task Where_both_changed_before_the_first_look_native_code_wins()
    {
        Os.PutEnv(Name, "parent's");
        Assert.Equal("native", await ChildProcess.RunAsync(() =>
        {
            NativeVariable.Set(Name, "native");
            Environment.SetEnvironmentVariable(Name, "managed");
            return Os.GetEnv(Name)!;
        }));
    }

    [Fact]
    [Conformance(58)]
    public async Task The_first_look_leaves_alone_what_NET_can_only_hold_with_losses()
    {
        Os.PutEnv(Name, NotText);
        Os.PutEnv(NameNotText, NotText);
        string[] seen = await ChildProcess.RunAsync(() =>
        {
            int before = NativeCount();
            Environment.SetEnvironmentVariable(Other, "managed");
            string[] values = [Os.Environ[Name], Os.Environ[NameNotText], Os.Environ[Other]];
            string[] counts = [.. new[] { NativeCount() - before, Os.Environ.Count - NativeCount() }.Select(count => count.ToString(CultureInfo.InvariantCulture))];
            return values.Concat(counts).ToArray();
        });
        Assert.Equal([NotText, NotText, "managed", "1", "0"], seen);

        static unsafe int NativeCount()
        {
            byte** environ = *(byte***)System.Runtime.InteropServices.NativeLibrary.GetExport(System.Runtime.InteropServices.NativeLibrary.GetMainProgramHandle(), "environ");
            int count = 0;
            while (environ[count] is not null)
            {
                count++;
            }

            return count;
        }
    }

    [Fact]
    public async Task A_setting_of_the_childs_start_that_native_code_made_is_there_again_too()
    {
        NativeVariable.Set("DOTNET_gcConcurrent", "1");
        try
        {
            Assert.Equal(["1", "1"], await ChildProcess.RunAsync(() => new[] { NativeVariable.Get("DOTNET_gcConcurrent")!, Environment.GetEnvironmentVariable("DOTNET_gcConcurrent")! }));
        }
        finally
        {
            Os.UnsetEnv("DOTNET_gcConcurrent");
        }
    }

    [Fact]
    public async Task Looking_changes_nothing_where_nothing_was_changed()
    {
        bool same = await ChildProcess.RunAsync(() =>
        {
            Dictionary<string, string> before = Managed();
            Dictionary<string, string> seen = new(Os.Environ);
            return before.Count == seen.Count && before.All(v => seen[v.Key] == v.Value) && Managed().Count == before.Count;
        });
        Assert.True(same);

        static Dictionary<string, string> Managed() => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(v => (string)v.Key, v => (string)v.Value!);
    }
}
