namespace Multiprocessing.Posix;

/// <summary>Some of what sysconf(3) can be asked, with the numbers that glibc and musl have in common.</summary>
public enum SysconfName
{
    /// <summary>_SC_ARG_MAX: how many bytes arguments and environment of a new program may have.</summary>
    ArgMax = 0,

    /// <summary>_SC_CHILD_MAX: how many processes a user may have.</summary>
    ChildMax = 1,

    /// <summary>_SC_CLK_TCK: clock ticks in a second.</summary>
    ClockTicks = 2,

    /// <summary>_SC_NGROUPS_MAX: how many supplementary groups a process may have.</summary>
    GroupsMax = 3,

    /// <summary>_SC_OPEN_MAX: how many descriptors a process may have open.</summary>
    OpenMax = 4,

    /// <summary>_SC_PAGESIZE: the size of a page of memory, in bytes.</summary>
    PageSize = 30,

    /// <summary>_SC_NPROCESSORS_CONF: processors that the system has.</summary>
    ProcessorsConfigured = 83,

    /// <summary>_SC_NPROCESSORS_ONLN: processors that are switched on.</summary>
    ProcessorsOnline = 84,

    /// <summary>_SC_PHYS_PAGES: pages of physical memory.</summary>
    PhysicalPages = 85,

    /// <summary>_SC_AVPHYS_PAGES: pages of physical memory that nothing uses.</summary>
    AvailablePages = 86,
}
