namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>A resource limit of a process. See prlimit(2).</summary>
    /// <param name="resource">The resource, which says the unit.</param>
    /// <param name="pid">The process; 0: this one.</param>
    /// <returns>The soft and the hard limit; null is unlimited.</returns>
    /// <remarks>.NET raises the soft limit of <see cref="Resource.OpenFiles"/> to the hard one as it starts.</remarks>
    /// <exception cref="PosixException">ESRCH: there is no such process; EPERM: another user's; EINVAL: there is no such resource.</exception>
    public static unsafe ResourceLimit GetLimit(Resource resource, int pid = 0)
    {
        RLimit limit;
        Check("prlimit", Libc.prlimit(pid, (int)resource, null, &limit));
        return limit.ToLimit();
    }

    /// <summary>Sets a resource limit of a process, for all its threads and the children that it starts from now on. See prlimit(2).</summary>
    /// <param name="resource">The resource, which says the unit.</param>
    /// <param name="limit">The soft and the hard limit; null is unlimited.</param>
    /// <param name="pid">The process; 0: this one.</param>
    /// <exception cref="ArgumentOutOfRangeException">A limit is negative.</exception>
    /// <exception cref="PosixException">
    /// EINVAL: the soft limit is above the hard one, or there is no such resource; EPERM: raising the hard one needs CAP_SYS_RESOURCE, or the process is
    /// another user's; ESRCH.
    /// </exception>
    public static unsafe void SetLimit(Resource resource, ResourceLimit limit, int pid = 0)
    {
        RLimit native = RLimit.From(limit);
        Check("prlimit", Libc.prlimit(pid, (int)resource, &native, null));
    }
}
