using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const int UsualGroups = 64;

    /// <summary>The supplementary group IDs. See getgroups(2).</summary>
    /// <returns>The groups, in the kernel's order; whether the effective group ID is among them depends on who set them.</returns>
    public static unsafe uint[] GetGroups()
    {
        while (true)
        {
            uint[] groups = new uint[Check("getgroups", Libc.getgroups(0, null))];
            int count;
            fixed (uint* first = groups)
            {
                count = Libc.getgroups(groups.Length, first);
            }

            // A count of 0 asks for the number only, so an empty list has nothing to fill.
            if (groups.Length == 0)
            {
                return groups;
            }

            if (count >= 0)
            {
                return groups[..count];
            }

            // EINVAL: another thread has set more groups in between.
            if (Marshal.GetLastPInvokeError() != Errno.EINVAL)
            {
                throw PosixException.Last("getgroups");
            }
        }
    }

    /// <summary>Sets the supplementary group IDs of all threads; needs CAP_SETGID. See setgroups(2).</summary>
    /// <param name="groups">All of them, 65,536 at most; none leaves no supplementary group.</param>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL: too many, or there can be no such group.</exception>
    public static unsafe void SetGroups(params uint[] groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        fixed (uint* first = groups)
        {
            Check("setgroups", Libc.setgroups((nuint)groups.Length, first));
        }
    }

    /// <summary>Sets the supplementary group IDs of all threads to those of a user in the system's group database; needs CAP_SETGID. See initgroups(3).</summary>
    /// <param name="user">The user's name; one that no group lists has only <paramref name="gid"/>.</param>
    /// <param name="gid">A group that is set in any case: the user's base group.</param>
    /// <exception cref="ArgumentException">The name has a null character in it.</exception>
    /// <exception cref="PosixException">EPERM: it is not allowed; ENOMEM.</exception>
    public static unsafe void InitGroups(string user, uint gid)
    {
        using CString name = new(user, nameof(user));
        Check("initgroups", Libc.initgroups(name.Pointer, gid));
    }

    /// <summary>The groups of a user in the system's group database; this process's are not looked at. See getgrouplist(3).</summary>
    /// <param name="user">The user's name; one that no group lists has only <paramref name="gid"/>.</param>
    /// <param name="gid">A group that is listed in any case: the user's base group.</param>
    /// <returns>The groups.</returns>
    /// <exception cref="ArgumentException">The name has a null character in it.</exception>
    /// <exception cref="PosixException">ENOMEM, or what reading the database gives.</exception>
    public static unsafe uint[] GetGroupList(string user, uint gid)
    {
        using CString name = new(user, nameof(user));
        uint[] groups = new uint[UsualGroups];
        while (true)
        {
            int count = groups.Length;
            int result;
            fixed (uint* first = groups)
            {
                result = Libc.getgrouplist(name.Pointer, gid, first, &count);
            }

            if (result >= 0)
            {
                return groups[..count];
            }

            // When the groups do not fit, the count says how many there are.
            if (count <= groups.Length)
            {
                throw PosixException.Last("getgrouplist");
            }

            groups = new uint[count];
        }
    }
}
