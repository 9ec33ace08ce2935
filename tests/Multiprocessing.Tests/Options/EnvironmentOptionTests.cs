using System.Globalization;
using System.Runtime;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>What ChildProcessOptions say, measured in the child.</summary>
public sealed class EnvironmentOptionTests
{
    [Fact]
    [Conformance(59)]
    public async Task A_given_environment_replaces_the_inherited_one_entirely_for_native_code_and_for_dotnet()
    {
        ChildProcessOptions options = new() { Environment = new Dictionary<string, string> { ["ONLY"] = "größe 😀", ["EMPTY"] = "" } };
        string[] seen = await ChildProcess.RunAsync(
            () =>
            {
                string managed = string.Join(';', Environment.GetEnvironmentVariables().Keys.Cast<string>().Order(StringComparer.Ordinal));
                string native = string.Join(';', ProcessInfo.Current.Environment.Keys.Order(StringComparer.Ordinal)); // what exec was given, settings included
                return new[] { managed, string.Join(';', Os.Environ.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}")), native };
            },
            options);
        Assert.Equal("EMPTY;ONLY", seen[0]);
        Assert.Equal("EMPTY=;ONLY=größe 😀", seen[1]);
        Assert.DoesNotContain("PATH", seen[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_environment_and_the_live_one_will_do()
    {
        int empty = await ChildProcess.RunAsync(() => Os.Environ.Count, new ChildProcessOptions { Environment = new Dictionary<string, string>() });
        Assert.Equal(0, empty);
        string path = await ChildProcess.RunAsync(() => Os.Environ["PATH"], new ChildProcessOptions { Environment = Os.Environ });
        Assert.Equal(Os.Environ["PATH"], path);
    }

    [Fact]
    public async Task The_childs_runtime_starts_with_it()
    {
        Dictionary<string, string> environment = new(Os.Environ) { ["DOTNET_gcServer"] = "1", ["LC_ALL"] = "de_DE.UTF-8", ["TZ"] = "Asia/Kolkata" };
        string[] seen = await ChildProcess.RunAsync(
            () => new[] { $"{GCSettings.IsServerGC}", CultureInfo.CurrentCulture.Name, $"{TimeZoneInfo.Local.BaseUtcOffset.TotalHours}", $"{Environment.GetEnvironmentVariable("DOTNET_gcServer")}" },
            new ChildProcessOptions { Environment = environment });
        Assert.Equal(["True", "de-DE", "5,5", "1"], seen);
        bool server = await ChildProcess.RunAsync(() => GCSettings.IsServerGC);
        Assert.False(server);
    }

    [Fact]
    public async Task Without_globalization_data_a_given_environment_leaves_the_runtime_without_them_too()
    {
        Dictionary<string, string> invariant = new(Os.Environ) { ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1" };
        string seen = await ChildProcess.RunAsync(
            () => ChildProcess.RunAsync(IsInvariant, new ChildProcessOptions { Environment = new Dictionary<string, string> { ["A"] = "1" } }).GetAwaiter().GetResult(),
            new ChildProcessOptions { Environment = invariant });
        Assert.Equal("True A", seen);
        Assert.StartsWith("False", await ChildProcess.RunAsync(IsInvariant), StringComparison.Ordinal);

        static string IsInvariant()
        {
            try
            {
                return $"{CultureInfo.GetCultureInfo("de-DE").NumberFormat.NumberDecimalSeparator == "."} {string.Join(' ', Os.Environ.Keys)}";
            }
            catch (CultureNotFoundException)
            {
                return $"True {string.Join(' ', Os.Environ.Keys)}";
            }
        }
    }

    [Fact]
    public void A_name_that_is_none_is_refused_before_anything_starts()
    {
        foreach ((string name, string? value) in new[] { ("", "1"), ("A=B", "1"), ("A\0B", "1"), ("A", "1\02"), ("A", null) })
        {
            ChildProcessOptions options = new() { Environment = new Dictionary<string, string> { [name] = value! } };
            using ChildProcess child = new(Nothing, options: options);
            Assert.StartsWith($"The option Environment has '{name}', which cannot be a variable", Assert.Throws<ArgumentException>(child.Start).Message, StringComparison.Ordinal);
            Assert.Null(child.Pid);
        }

        Assert.Empty(ChildProcess.ActiveChildren);
    }

    private static void Nothing()
    {
    }
}
