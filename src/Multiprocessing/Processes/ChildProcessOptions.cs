using Multiprocessing.Posix;

#pragma warning disable MA0015 // The name of the option says more to its caller than "value".

namespace Multiprocessing;

/// <summary>How a child is started, and what it may use. Immutable; one value may serve many children.</summary>
/// <remarks>
/// Collections are read when a child is started. What the child has to do itself before its code runs (<see cref="WorkingDirectory"/>, <see cref="User"/>,
/// limits, <see cref="Nice"/>, <see cref="CpuAffinity"/>, <see cref="NewSession"/>, <see cref="ProcessGroup"/>) happens in this order: processors and nice value,
/// session and group, working directory, limits, user. If one of them fails, the start fails with a <see cref="ChildStartException"/> that names it, and no child is left.
/// </remarks>
public sealed record ChildProcessOptions
{
    internal static ChildProcessOptions Default { get; } = new();

    /// <summary>How the child is made. Default: as <see cref="ChildProcess.DefaultStartMethod"/> says.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such start method.</exception>
    public StartMethod StartMethod
    {
        get;
        init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(StartMethod), value, "There is no such start method.");
    }

    /// <summary>All of the child's environment; null: a copy of this process's. Its runtime starts with it, too, so that a variable such as DOTNET_gcServer has its effect there.</summary>
    /// <remarks>What the host needs to find and start the runtime (DOTNET_ROOT, DOTNET_ROLL_FORWARD, …) is taken from this process's where it is not given, and not seen by the child's code.</remarks>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>The directory in which the child's code starts; null: this process's. It is entered with this process's rights, before <see cref="User"/>.</summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public string? WorkingDirectory
    {
        get;
        init => field = value is not { Length: 0 } ? value : throw new ArgumentException("The working directory is empty.", nameof(WorkingDirectory));
    }

    /// <summary>As whom the child's code runs, with no way back; null: as this process does. It takes privileges.</summary>
    /// <remarks>
    /// Capabilities are given up, too, unless it is user 0. Assemblies that are first used after that are read by this user, who needs access to them. The environment stays as it is, HOME
    /// included. Of its result and its exception this process takes no more than it asked for: exactly the result's type, and the exception as text (<see cref="Exception.InnerException"/> is null).
    /// The process's records in /proc are root's, as of any program that has changed its user: it cannot read its own environ there, and no debugger of that user can attach.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">An ID is 0xFFFFFFFF, which no user or group has.</exception>
    public ChildUser? User
    {
        get;
        init
        {
            if (value is not null && (value.Uid == Os.Unchanged || value.Gid == Os.Unchanged || Array.IndexOf(value.Groups, Os.Unchanged) >= 0))
            {
                throw new ArgumentOutOfRangeException(nameof(User), value, "0xFFFFFFFF (-1) is no user and no group; it often comes of a look-up that found none.");
            }

            field = value;
        }
    }

    /// <summary>How much memory the child's code may have, in bytes, beyond what the runtime has already; null: no limit.</summary>
    /// <remarks>
    /// The managed heap is held to it by the garbage collector, all private memory by RLIMIT_DATA, with an allowance for the runtime's own needs (64 MiB, and a
    /// stack for each processor). Files and memory that is shared do not count. Going over it is an <see cref="OutOfMemoryException"/> in the child, or, in native
    /// code, whatever that code makes of it. A child that ends of that has <see cref="StopReason.OverMemory"/>. What the child starts, or executes, inherits
    /// RLIMIT_DATA, but not the limit of the managed heap.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public long? MemoryLimit
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value ?? 1, nameof(MemoryLimit));
            field = value;
        }
    }

    /// <summary>How much CPU time the child's code may use, on all its threads together, to 10 ms or so; null: no limit. The kernel kills it then: <see cref="StopReason.OverCpu"/>.</summary>
    /// <remarks>What the child executes, or starts, has the limit by itself, in whole seconds and rounded up, by RLIMIT_CPU.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public TimeSpan? CpuTimeLimit
    {
        get;
        init => field = Positive(value, nameof(CpuTimeLimit));
    }

    /// <summary>Limits of the system for the child, by resource; null: this process's. See setrlimit(2).</summary>
    /// <remarks>The child still has to open its assemblies under them.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A limit is negative; null is unlimited.</exception>
    public IReadOnlyDictionary<Resource, ResourceLimit>? Limits
    {
        get;
        init
        {
            foreach (ResourceLimit limit in value?.Values ?? [])
            {
                RefuseNegative(limit);
            }

            field = value;
        }
    }

    /// <summary>How long the child may take, from its start, by the clock on the wall; null: for ever. Then it is ended: <see cref="StopReason.TimedOut"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive, and not <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>.</exception>
    public TimeSpan? Timeout
    {
        get;
        init => field = value == System.Threading.Timeout.InfiniteTimeSpan ? null : Positive(value, nameof(Timeout));
    }

    /// <summary>
    /// How long a child that is ended because of <see cref="Timeout"/>, by cancellation, or as a daemon has between SIGTERM and SIGKILL. Zero, the default: SIGKILL at once, but one second for a daemon.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan TerminateTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, nameof(TerminateTimeout));
            field = value;
        }
    }

    /// <summary>The child's nice value, -20 (first) to 19 (last); null: this process's. To go below this process's takes privileges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not from -20 to 19.</exception>
    public int? Nice
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value ?? 0, -20, nameof(Nice));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value ?? 0, 19, nameof(Nice));
            field = value;
        }
    }

    /// <summary>The numbers of the processors that the child may use; null: this process's.</summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public IReadOnlyCollection<int>? CpuAffinity
    {
        get;
        init
        {
            if (value is { Count: 0 })
            {
                throw new ArgumentException("The set of processors is empty.", nameof(CpuAffinity));
            }

            ArgumentOutOfRangeException.ThrowIfNegative(value?.Min() ?? 0, nameof(CpuAffinity));
            field = value;
        }
    }

    /// <summary>Whether the child leads a session of its own, away from this one's terminal and its Ctrl-C. See setsid(2).</summary>
    public bool NewSession { get; init; }

    /// <summary>The process group that the child joins; 0: one of its own, that it leads; null: this process's. See setpgid(2).</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int? ProcessGroup
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value ?? 0, nameof(ProcessGroup));
            field = value;
        }
    }

    /// <summary>Where the child's standard input comes from. Default: the null device, so that <see cref="Console.ReadLine"/> in the child gives null at once.</summary>
    /// <exception cref="ArgumentException">It is <see cref="StandardStream.Tee"/>, which is for output.</exception>
    public StandardStream StandardInput
    {
        get;
        init => field = value != StandardStream.Tee
            ? Defined(value, nameof(StandardInput))
            : throw new ArgumentException($"{nameof(StandardInput)} cannot be Tee, which is for output; say Inherit for this process's input, Pipe to write it, or Null.", nameof(StandardInput));
    }

    /// <summary>Where the child's standard output goes. Default: where this process's goes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such connection.</exception>
    public StandardStream StandardOutput
    {
        get;
        init => field = Defined(value, nameof(StandardOutput));
    }

    /// <summary>Where the child's standard error goes. Default: where this process's goes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such connection.</exception>
    public StandardStream StandardError
    {
        get;
        init => field = Defined(value, nameof(StandardError));
    }

    /// <summary>
    /// Whether the child waits, before its code runs, until a debugger is attached, and says so with its process ID on its standard error. The environment variable
    /// MULTIPROCESSING_WAIT_FOR_DEBUGGER=1 of this process does the same for all its children.
    /// </summary>
    public bool WaitForDebugger { get; init; }

    /// <summary>Whether the kernel kills the child when this process ends, however it ends. True by default.</summary>
    public bool KillOnParentExit { get; init; } = true;

    internal static void RefuseNegative(ResourceLimit limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit.Soft ?? 0, nameof(Limits));
        ArgumentOutOfRangeException.ThrowIfNegative(limit.Hard ?? 0, nameof(Limits));
    }

    private static StandardStream Defined(StandardStream value, string name) =>
        Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(name, value, "There is no such connection of a standard stream.");

    private static TimeSpan? Positive(TimeSpan? value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value ?? TimeSpan.MaxValue, TimeSpan.Zero, name);
        return value;
    }
}
