using System.Globalization;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

/// <summary>What can be read. What changes something is tested in a child, beside the tests of layer 2.</summary>
public sealed class CredentialTests
{
    [Fact]
    [Conformance(61)]
    public void The_ids_are_those_in_the_kernels_records()
    {
        uint[] user = Numbers("Uid:");
        Assert.Equal((user[0], user[1], user[2]), Os.GetResUid());
        Assert.Equal((user[0], user[1]), (Os.GetUid(), Os.GetEuid()));
        uint[] group = Numbers("Gid:");
        Assert.Equal((group[0], group[1], group[2]), Os.GetResGid());
        Assert.Equal((group[0], group[1]), (Os.GetGid(), Os.GetEgid()));
        Assert.Equal(Numbers("Groups:"), Os.GetGroups());
    }

    [Fact]
    [Conformance(65)]
    public void A_users_groups_are_those_of_the_system_and_the_base_group()
    {
        const uint Base = 4_000_000_000; // beyond int
        string[] users = [.. Names("/etc/passwd", 0), .. Names("/etc/group", 3), "nobody-has-this-name"];
        string ours = string.Join(';', users.Select(user => string.Join(' ', Os.GetGroupList(user, Base))));
        Assert.Equal(SystemProgram.Python($"import os; print(*[' '.join(str(g % 2**32) for g in os.getgrouplist(u, {Base})) for u in '{string.Join(',', users)}'.split(',')], sep=';')"), ours);
        Assert.All(ours.Split(';'), groups => Assert.Contains($"{Base}", groups));
    }

    [Fact]
    public void A_name_with_a_null_character_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Os.GetGroupList("root\0", 0));
        Assert.Throws<ArgumentException>(() => Os.InitGroups("root\0", 0));
        Assert.Throws<ArgumentNullException>(() => Os.SetGroups(null!));
    }

    private static IEnumerable<string> Names(string file, int column) =>
        File.ReadLines(file).Select(line => line.Split(':')).Where(fields => fields.Length > column).SelectMany(fields => fields[column].Split(',', StringSplitOptions.RemoveEmptyEntries)).Distinct();

    private static uint[] Numbers(string name)
    {
        string line = File.ReadLines("/proc/self/status").Single(l => l.StartsWith(name, StringComparison.Ordinal));
        return [.. line[name.Length..].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(n => uint.Parse(n, CultureInfo.InvariantCulture))];
    }
}
