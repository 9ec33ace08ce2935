namespace Multiprocessing.Posix;

/// <content>
/// User and group IDs. The kernel keeps them by thread; every method here that changes them changes all threads of the process, as POSIX
/// asks for (see nptl(7)), and changes nothing when it fails.
/// </content>
public static partial class Os
{
    /// <summary>For the setters with two or three IDs: leaves that ID as it is. It is C's -1, and no user or group has it.</summary>
    public const uint Unchanged = uint.MaxValue;

    /// <summary>The real user ID: whose process it is. See getuid(2).</summary>
    /// <returns>The user ID.</returns>
    public static uint GetUid() => Libc.getuid();

    /// <summary>The effective user ID: whose permissions it has. See geteuid(2).</summary>
    /// <returns>The user ID.</returns>
    public static uint GetEuid() => Libc.geteuid();

    /// <summary>The real group ID. See getgid(2).</summary>
    /// <returns>The group ID.</returns>
    public static uint GetGid() => Libc.getgid();

    /// <summary>The effective group ID. See getegid(2).</summary>
    /// <returns>The group ID.</returns>
    public static uint GetEgid() => Libc.getegid();

    /// <summary>The three user IDs. See getresuid(2).</summary>
    /// <returns>The real, the effective and the saved user ID.</returns>
    public static unsafe (uint Real, uint Effective, uint Saved) GetResUid()
    {
        uint real, effective, saved;
        Check("getresuid", Libc.getresuid(&real, &effective, &saved));
        return (real, effective, saved);
    }

    /// <summary>The three group IDs. See getresgid(2).</summary>
    /// <returns>The real, the effective and the saved group ID.</returns>
    public static unsafe (uint Real, uint Effective, uint Saved) GetResGid()
    {
        uint real, effective, saved;
        Check("getresgid", Libc.getresgid(&real, &effective, &saved));
        return (real, effective, saved);
    }

    /// <summary>Sets the effective user ID of all threads; with CAP_SETUID the real and the saved one too, so that there is no way back. See setuid(2).</summary>
    /// <param name="uid">The user. Without the capability, the real or the saved user ID.</param>
    /// <remarks>
    /// To give up root for good, first <see cref="SetGroups"/>, then <see cref="SetResGid"/>, then <see cref="SetResUid"/>: once the user has
    /// changed, the groups cannot be.
    /// </remarks>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL: there can be no such user, <see cref="Unchanged"/> for one; EAGAIN.</exception>
    public static void SetUid(uint uid) => CheckUserChange("setuid", Libc.setuid(uid));

    /// <summary>Sets the effective group ID of all threads; with CAP_SETGID the real and the saved one too. See setgid(2).</summary>
    /// <param name="gid">The group. Without the capability, the real or the saved group ID.</param>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL: there can be no such group, <see cref="Unchanged"/> for one.</exception>
    public static void SetGid(uint gid) => Check("setgid", Libc.setgid(gid));

    /// <summary>Sets the effective user ID of all threads, and leaves the way back open. See seteuid(2).</summary>
    /// <param name="euid">The user. Without CAP_SETUID, the real, the effective or the saved user ID.</param>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL: there can be no such user, <see cref="Unchanged"/> for one.</exception>
    public static void SetEuid(uint euid)
    {
        RefuseUnchanged("seteuid", euid);
        CheckUserChange("seteuid", Libc.seteuid(euid));
    }

    /// <summary>Sets the effective group ID of all threads, and leaves the way back open. See setegid(2).</summary>
    /// <param name="egid">The group. Without CAP_SETGID, the real, the effective or the saved group ID.</param>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL: there can be no such group, <see cref="Unchanged"/> for one.</exception>
    public static void SetEgid(uint egid)
    {
        RefuseUnchanged("setegid", egid);
        Check("setegid", Libc.setegid(egid));
    }

    /// <summary>Sets the real and the effective user ID of all threads. See setreuid(2).</summary>
    /// <param name="ruid">The real user ID, or <see cref="Unchanged"/>.</param>
    /// <param name="euid">The effective user ID, or <see cref="Unchanged"/>.</param>
    /// <remarks>The saved user ID becomes the new effective one when the real one is given, or the effective one is not the old real one.</remarks>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL; EAGAIN.</exception>
    public static void SetReUid(uint ruid, uint euid) => CheckUserChange("setreuid", Libc.setreuid(ruid, euid));

    /// <summary>Sets the real and the effective group ID of all threads. See setregid(2).</summary>
    /// <param name="rgid">The real group ID, or <see cref="Unchanged"/>.</param>
    /// <param name="egid">The effective group ID, or <see cref="Unchanged"/>.</param>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL.</exception>
    public static void SetReGid(uint rgid, uint egid) => Check("setregid", Libc.setregid(rgid, egid));

    /// <summary>Sets the three user IDs of all threads. See setresuid(2).</summary>
    /// <param name="ruid">The real user ID, or <see cref="Unchanged"/>.</param>
    /// <param name="euid">The effective user ID, or <see cref="Unchanged"/>.</param>
    /// <param name="suid">The saved user ID, or <see cref="Unchanged"/>.</param>
    /// <remarks>Without CAP_SETUID each may become any of the three that the process has.</remarks>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL; EAGAIN.</exception>
    public static void SetResUid(uint ruid, uint euid, uint suid) => CheckUserChange("setresuid", Libc.setresuid(ruid, euid, suid));

    /// <summary>Sets the three group IDs of all threads. See setresgid(2).</summary>
    /// <param name="rgid">The real group ID, or <see cref="Unchanged"/>.</param>
    /// <param name="egid">The effective group ID, or <see cref="Unchanged"/>.</param>
    /// <param name="sgid">The saved group ID, or <see cref="Unchanged"/>.</param>
    /// <remarks>Without CAP_SETGID each may become any of the three that the process has.</remarks>
    /// <exception cref="PosixException">EPERM: it is not allowed; EINVAL.</exception>
    public static void SetResGid(uint rgid, uint egid, uint sgid) => Check("setresgid", Libc.setresgid(rgid, egid, sgid));

    private static void CheckUserChange(string call, int result)
    {
        Check(call, result);
        UserChange.Callback?.Invoke();
    }

    // glibc refuses it; musl makes a setresuid of it, which would do nothing and succeed.
    private static void RefuseUnchanged(string call, uint id)
    {
        if (id == Unchanged)
        {
            throw PosixException.For(call, Errno.EINVAL);
        }
    }
}
