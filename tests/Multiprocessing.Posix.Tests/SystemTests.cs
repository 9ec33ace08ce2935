using System.Globalization;

namespace Multiprocessing.Posix.Tests;

public sealed class SystemTests
{
    [Fact]
    public void The_names_of_the_system_are_those_that_another_program_sees()
    {
        UnameResult name = Os.Uname();
        Assert.Equal(SystemProgram.Python("import os; print(*os.uname(), sep='|')"), $"{name.SystemName}|{name.NodeName}|{name.Release}|{name.Version}|{name.Machine}");
    }

    [Fact]
    public void The_load_averages_are_the_kernels()
    {
        // The kernel counts anew every five seconds, perhaps just between two looks.
        for (int i = 0; i < 3; i++)
        {
            double[] kernels = [.. File.ReadAllText("/proc/loadavg").Split(' ').Take(3).Select(n => double.Parse(n, CultureInfo.InvariantCulture))];
            (double one, double five, double fifteen) = Os.GetLoadAvg();
            if (Near(kernels[0], one) && Near(kernels[1], five) && Near(kernels[2], fifteen))
            {
                return;
            }
        }

        Assert.Fail("Three times other load averages than those of /proc/loadavg.");

        static bool Near(double a, double b) => Math.Abs(a - b) <= 0.011; // /proc rounds
    }

    [Fact]
    public void The_numbers_of_the_system_are_those_that_another_program_sees()
    {
        (SysconfName Ours, string Python)[] names =
        [
            (SysconfName.ArgMax, "SC_ARG_MAX"),
            (SysconfName.ChildMax, "SC_CHILD_MAX"),
            (SysconfName.ClockTicks, "SC_CLK_TCK"),
            (SysconfName.GroupsMax, "SC_NGROUPS_MAX"),
            (SysconfName.OpenMax, "SC_OPEN_MAX"),
            (SysconfName.PageSize, "SC_PAGESIZE"),
            (SysconfName.ProcessorsConfigured, "SC_NPROCESSORS_CONF"),
            (SysconfName.ProcessorsOnline, "SC_NPROCESSORS_ONLN"),
            (SysconfName.PhysicalPages, "SC_PHYS_PAGES"),
        ];
        Assert.Equal(SystemProgram.Python($"import os; print(*[os.sysconf(n) for n in '{string.Join(',', names.Select(n => n.Python))}'.split(',')])"), string.Join(' ', names.Select(n => Os.Sysconf(n.Ours) ?? -1)));
        Assert.Equal(SystemProgram.Python("import os; print(os.sysconf_names['SC_AVPHYS_PAGES'])"), $"{(int)SysconfName.AvailablePages}");
        Assert.InRange(Os.Sysconf(SysconfName.AvailablePages)!.Value, 1, Os.Sysconf(SysconfName.PhysicalPages)!.Value);
        Assert.Equal("sysconf: Invalid argument (EINVAL)", Assert.Throws<PosixException>(() => Os.Sysconf((SysconfName)9999)).Message);
    }

    [Fact]
    public void A_number_without_a_limit_is_null() =>
        Assert.Equal(SystemProgram.Python("import os; print(os.sysconf('SC_AIO_MAX'))"), $"{Os.Sysconf((SysconfName)24) ?? -1}");
}
