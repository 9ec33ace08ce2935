using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The options that a child applies to itself: written by the parent, read and applied by the child.</summary>
internal static class StartOptions
{
    internal static StartOption Of(ChildProcessOptions options) =>
        (options.CpuAffinity is null ? StartOption.None : StartOption.CpuAffinity)
        | (options.Nice is null ? StartOption.None : StartOption.Nice)
        | (options.NewSession ? StartOption.NewSession : StartOption.None)
        | (options.ProcessGroup is null ? StartOption.None : StartOption.ProcessGroup)
        | (options.WorkingDirectory is null ? StartOption.None : StartOption.WorkingDirectory)
        | (options.Limits is null ? StartOption.None : StartOption.Limits)
        | (options.MemoryLimit is null ? StartOption.None : StartOption.MemoryLimit)
        | (options.CpuTimeLimit is null ? StartOption.None : StartOption.CpuTimeLimit)
        | (options.User is null ? StartOption.None : StartOption.User);

    internal static void Write(WireWriter writer, ChildProcessOptions options)
    {
        StartOption present = Of(options);
        writer.Int32((int)present);
        if (present == StartOption.None)
        {
            return;
        }

        WriteNumbers(writer, [.. options.CpuAffinity ?? []]);
        writer.Int32(options.Nice ?? 0);
        writer.Int32(options.ProcessGroup ?? 0);
        writer.String(options.WorkingDirectory);
        KeyValuePair<Resource, ResourceLimit>[] limits = [.. options.Limits ?? new Dictionary<Resource, ResourceLimit>()];
        writer.Int32(limits.Length);
        foreach ((Resource resource, ResourceLimit limit) in limits)
        {
            writer.Int32((int)resource);
            ChildProcessOptions.RefuseNegative(limit); // the dictionary may be another since it was looked at
            writer.Unmanaged(limit.Soft ?? -1);
            writer.Unmanaged(limit.Hard ?? -1);
        }

        writer.Unmanaged(options.MemoryLimit ?? 0);
        writer.Unmanaged((options.CpuTimeLimit ?? TimeSpan.Zero).Ticks);
        writer.Int32((int)(options.User?.Uid ?? 0));
        writer.Int32((int)(options.User?.Gid ?? 0));
        WriteNumbers(writer, [.. (options.User?.Groups ?? []).Select(group => (int)group)]);
    }

    /// <summary>In the child: applies what is asked for.</summary>
    /// <returns>Whether anything was.</returns>
    /// <exception cref="StartOptionException">One of them failed.</exception>
    internal static bool ReadAndApply(ref WireReader reader)
    {
        StartOption present = (StartOption)reader.Int32();
        if (present == StartOption.None)
        {
            return false;
        }

        int[] processors = ReadNumbers(ref reader);
        int nice = reader.Int32();
        int group = reader.Int32();
        string? directory = reader.NullableString();
        (Resource Resource, ResourceLimit Limit)[] limits = new (Resource, ResourceLimit)[reader.Count()];
        for (int i = 0; i < limits.Length; i++)
        {
            limits[i] = ((Resource)reader.Int32(), new ResourceLimit(Known(reader.Unmanaged<long>()), Known(reader.Unmanaged<long>())));
        }

        long memory = reader.Unmanaged<long>();
        TimeSpan cpuTime = new(reader.Unmanaged<long>());
        uint uid = (uint)reader.Int32();
        uint gid = (uint)reader.Int32();
        uint[] groups = Array.ConvertAll(ReadNumbers(ref reader), number => (uint)number);

        Apply(present, StartOption.CpuAffinity, () => AllThreads.Do(thread => Confine(thread, processors)));
        Apply(present, StartOption.Nice, () => AllThreads.Do(thread => Os.SetPriority(thread, nice)));
        Apply(present, StartOption.NewSession, () => Os.SetSid());
        Apply(present, StartOption.ProcessGroup, () => Os.SetPgid(0, group));
        Apply(present, StartOption.WorkingDirectory, () => Os.Chdir(directory!));
        ApplyLimits(present, limits, areOfUsage: true); // the next two keep below them
        Apply(present, StartOption.MemoryLimit, () => UsageLimits.LimitMemory(memory));
        Apply(present, StartOption.CpuTimeLimit, () => UsageLimits.LimitCpuTime(cpuTime));
        ApplyLimits(present, limits, areOfUsage: false); // we could not open a file any more
        Apply(present, StartOption.User, () => Become(uid, gid, groups));
        return true;
    }

    private static void ApplyLimits(StartOption present, (Resource Resource, ResourceLimit Limit)[] limits, bool areOfUsage)
    {
        foreach ((Resource resource, ResourceLimit limit) in limits)
        {
            if ((resource is Resource.Data or Resource.Cpu) == areOfUsage)
            {
                Apply(present, StartOption.Limits, () => Os.SetLimit(resource, limit), $"Limits[{resource}]");
            }
        }
    }

    private static void Apply(StartOption present, StartOption option, Action apply, string? name = null)
    {
        if (!present.HasFlag(option))
        {
            return;
        }

        try
        {
            apply();
        }
        catch (Exception exception)
        {
            throw new StartOptionException(name ?? option.ToString(), exception);
        }
    }

    /// <summary>The kernel passes over processors that are not there, as long as others are; who asks for them is to know.</summary>
    private static void Confine(int thread, int[] processors)
    {
        Os.SetAffinity(thread, processors);
        IReadOnlyList<int> usable = Os.GetAffinity(thread);
        foreach (int processor in processors)
        {
            if (!usable.Contains(processor))
            {
                throw new PosixException("sched_setaffinity", Errno.EINVAL, $"processor {processor}");
            }
        }
    }

    /// <summary>The groups first: without the user's privileges they could not be set. What is so already is not set: that, too, would take privileges.</summary>
    /// <remarks>
    /// The kernel takes the capabilities away from who leaves user 0, and only from him. Who has them without being 0 becomes 0 first, as far as that is allowed.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Capabilities are left, so there would be a way back.</exception>
    private static void Become(uint uid, uint gid, uint[] groups)
    {
        if (!new HashSet<uint>(Os.GetGroups()).SetEquals(groups))
        {
            Os.SetGroups(groups);
        }

        Os.SetResGid(gid, gid, gid);
        if (uid != 0 && StatusRecord.OfThisProcess.HasCapabilities)
        {
            Os.SetResUid(0, 0, 0);
        }

        Os.SetResUid(uid, uid, uid);
        if (uid != 0 && StatusRecord.OfThisProcess.HasCapabilities)
        {
            throw new InvalidOperationException("the process would keep capabilities, by which it could go back (CapPrm in /proc/self/status)");
        }
    }

    private static long? Known(long limit) => limit < 0 ? null : limit;

    private static void WriteNumbers(WireWriter writer, int[] numbers)
    {
        writer.Int32(numbers.Length);
        foreach (int number in numbers)
        {
            writer.Int32(number);
        }
    }

    private static int[] ReadNumbers(ref WireReader reader)
    {
        int[] numbers = new int[reader.Count()];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = reader.Int32();
        }

        return numbers;
    }
}

/// <summary>An option that a child cannot apply to itself.</summary>
internal sealed class StartOptionException(string option, Exception cause) : Exception(cause.Message, cause)
{
    internal string Option => option;
}
