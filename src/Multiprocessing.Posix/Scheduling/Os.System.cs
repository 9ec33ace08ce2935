using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <content>What there is to know of the system as a whole.</content>
public static partial class Os
{
    private const int LoadAverages = 3;

    /// <summary>How many threads ran or wanted to, on average. See getloadavg(3).</summary>
    /// <returns>The averages over the last one, five and fifteen minutes.</returns>
    /// <exception cref="InvalidOperationException">The system does not tell.</exception>
    public static unsafe (double One, double Five, double Fifteen) GetLoadAvg()
    {
        double* averages = stackalloc double[LoadAverages];
        return Libc.getloadavg(averages, LoadAverages) == LoadAverages
            ? (averages[0], averages[1], averages[2])
            : throw new InvalidOperationException("The system does not tell its load averages.");
    }

    /// <summary>The names of the system. See uname(2).</summary>
    /// <returns>The names.</returns>
    public static unsafe UnameResult Uname()
    {
        UtsName name;
        Check("uname", Libc.uname(&name));
        return new UnameResult(name.System.Text, name.Node.Text, name.Release.Text, name.Version.Text, name.Machine.Text);
    }

    /// <summary>A limit or another number of the system. See sysconf(3).</summary>
    /// <param name="name">Which one; other numbers of the C library may be cast.</param>
    /// <returns>The number; null: there is no limit.</returns>
    /// <exception cref="PosixException">EINVAL: the C library does not know the name.</exception>
    public static long? Sysconf(SysconfName name)
    {
        long value = Libc.sysconf((int)name);
        return value == -1 && Marshal.GetLastPInvokeError() == 0 ? null : CheckLong("sysconf", value);
    }

    private static long CheckLong(string call, long result) => result >= 0 ? result : throw PosixException.Last(call);
}
