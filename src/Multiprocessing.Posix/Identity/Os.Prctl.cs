using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static unsafe partial class Os
{
    private const int NameSize = 16; // TASK_COMM_LEN

    /// <summary>Changes or reads a property of the process or the calling thread that is a number. See prctl(2).</summary>
    /// <param name="option">SetDumpable, GetDumpable, SetNoNewPrivileges, GetNoNewPrivileges, SetChildSubreaper or SetParentDeathSignal.</param>
    /// <param name="argument">The value to set; 0 for the others.</param>
    /// <returns>What the call returns: the value of GetDumpable and GetNoNewPrivileges, else 0.</returns>
    /// <exception cref="ArgumentException">The option is not of this shape.</exception>
    /// <exception cref="PosixException">EINVAL: such a value cannot be set.</exception>
    public static int Prctl(PrctlOption option, int argument = 0) => option switch
    {
        PrctlOption.SetDumpable or PrctlOption.GetDumpable or PrctlOption.SetNoNewPrivileges or PrctlOption.GetNoNewPrivileges or
            PrctlOption.SetChildSubreaper or PrctlOption.SetParentDeathSignal => Check("prctl", Libc.prctl((int)option, argument, 0, 0, 0)),
        _ => throw WrongShape(option),
    };

    /// <summary>Reads a property that the kernel stores through a pointer. See prctl(2).</summary>
    /// <param name="option">GetChildSubreaper, GetParentDeathSignal or GetTidAddress.</param>
    /// <param name="value">The property.</param>
    /// <exception cref="ArgumentException">The option is not of this shape.</exception>
    /// <exception cref="PosixException">EINVAL: the kernel was built without it.</exception>
    public static void Prctl(PrctlOption option, out nint value)
    {
        if (option is not (PrctlOption.GetChildSubreaper or PrctlOption.GetParentDeathSignal or PrctlOption.GetTidAddress))
        {
            throw WrongShape(option);
        }

        nint result = 0; // an int is stored in its low half, a pointer in all of it
        Check("prctl", Libc.prctl((int)option, (nint)(&result), 0, 0, 0));
        value = result;
    }

    /// <summary>Where the kernel keeps the calling thread's ID up to date for the C library.</summary>
    /// <returns>Null where it does not tell (CONFIG_CHECKPOINT_RESTORE), or means something else by it, as musl does.</returns>
    internal static int* FindThreadIdAddress()
    {
        int* address = null;
        return Libc.prctl((int)PrctlOption.GetTidAddress, (nint)(&address), 0, 0, 0) == 0 && address is not null && *address == GetTid() ? address : null;
    }

    /// <summary>Sets the name of the calling thread. See PR_SET_NAME in prctl(2).</summary>
    /// <param name="option">SetName.</param>
    /// <param name="value">The name, at most 15 bytes in UTF-8. The main thread's is the process's, as ps shows it.</param>
    /// <exception cref="ArgumentException">The option is not of this shape, or the name is too long, which the system would silently cut, or has a null character in it.</exception>
    public static void Prctl(PrctlOption option, string value)
    {
        if (option != PrctlOption.SetName)
        {
            throw WrongShape(option);
        }

        using CString name = new(value, nameof(value));
        if (MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name.Pointer).Length >= NameSize)
        {
            throw new ArgumentException($"'{value}' is longer than the {NameSize - 1} bytes that a thread's name can have.", nameof(value));
        }

        Check("prctl", Libc.prctl((int)option, (nint)name.Pointer, 0, 0, 0));
    }

    /// <summary>Reads the name of the calling thread. See PR_GET_NAME in prctl(2).</summary>
    /// <param name="option">GetName.</param>
    /// <param name="value">The name.</param>
    /// <exception cref="ArgumentException">The option is not of this shape.</exception>
    public static void Prctl(PrctlOption option, out string value)
    {
        if (option != PrctlOption.GetName)
        {
            throw WrongShape(option);
        }

        byte* name = stackalloc byte[NameSize];
        Check("prctl", Libc.prctl((int)option, (nint)name, 0, 0, 0));
        value = SurrogateEscape.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
    }

    private static ArgumentException WrongShape(PrctlOption option) => new($"prctl's {option} takes or gives another kind of value; use the overload for it.", nameof(option));
}

/// <summary>Options of prctl(2), with the system's values.</summary>
public enum PrctlOption
{
    /// <summary>
    /// PR_SET_PDEATHSIG: the signal that this process gets when its parent ends; 0: none. A trap: it comes when the <em>thread</em> ends that started this
    /// process, and a .NET thread-pool thread ends whenever the pool likes. It also does not come when the parent has ended before the call, and
    /// a program of another user clears it.
    /// </summary>
    SetParentDeathSignal = 1,

    /// <summary>PR_GET_PDEATHSIG: which signal that is.</summary>
    GetParentDeathSignal = 2,

    /// <summary>PR_GET_DUMPABLE: whether the process dumps core, and others of its user may trace it.</summary>
    GetDumpable = 3,

    /// <summary>PR_SET_DUMPABLE: 1 or 0.</summary>
    SetDumpable = 4,

    /// <summary>PR_SET_NAME: the name of the calling thread.</summary>
    SetName = 15,

    /// <summary>PR_GET_NAME: the name of the calling thread.</summary>
    GetName = 16,

    /// <summary>PR_SET_CHILD_SUBREAPER: 1: descendants whose parents have gone become children of this process; 0: of init again.</summary>
    SetChildSubreaper = 36,

    /// <summary>PR_GET_CHILD_SUBREAPER: whether they do.</summary>
    GetChildSubreaper = 37,

    /// <summary>PR_SET_NO_NEW_PRIVS: 1: no exec gives more rights from now on, to the calling thread and what it starts. There is no way back.</summary>
    SetNoNewPrivileges = 38,

    /// <summary>PR_GET_NO_NEW_PRIVS: whether that is so.</summary>
    GetNoNewPrivileges = 39,

    /// <summary>PR_GET_TID_ADDRESS: the address that the kernel clears when the calling thread ends, as set_tid_address(2) or clone(2) set it.</summary>
    GetTidAddress = 40,
}

internal static partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int prctl(int option, nint second, nint third, nint fourth, nint fifth);
}
