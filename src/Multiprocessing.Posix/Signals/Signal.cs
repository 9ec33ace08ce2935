using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>A signal, by its number on Linux. See signal(7).</summary>
/// <param name="Number">The signal's number, 1 to 64.</param>
public readonly record struct Signal(int Number)
{
    internal const int FirstOfCLibrary = 32;
    /// <summary>SIGRTMIN: 34 in glibc, which keeps 32 and 33 to itself; 35 in musl, which keeps 34, too.</summary>
    internal static int FirstRealTime { get; } = Libc.__libc_current_sigrtmin();

    internal const int Last = 64;

    private static readonly string[] s_names =
    [
        "", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
        "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
        "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    /// <summary>SIGHUP: the terminal was hung up.</summary>
    public static Signal Hup => new(1);

    /// <summary>SIGINT: interrupt from the keyboard.</summary>
    public static Signal Int => new(2);

    /// <summary>SIGQUIT: quit from the keyboard.</summary>
    public static Signal Quit => new(3);

    /// <summary>SIGILL: illegal instruction.</summary>
    public static Signal Ill => new(4);

    /// <summary>SIGTRAP: trace or breakpoint trap.</summary>
    public static Signal Trap => new(5);

    /// <summary>SIGABRT: abort(3).</summary>
    public static Signal Abrt => new(6);

    /// <summary>SIGBUS: bus error.</summary>
    public static Signal Bus => new(7);

    /// <summary>SIGFPE: arithmetic exception.</summary>
    public static Signal Fpe => new(8);

    /// <summary>SIGKILL: ends the process; it can be neither caught, blocked nor ignored.</summary>
    public static Signal Kill => new(9);

    /// <summary>SIGUSR1: for the application's use.</summary>
    public static Signal Usr1 => new(10);

    /// <summary>SIGSEGV: invalid memory reference.</summary>
    public static Signal Segv => new(11);

    /// <summary>SIGUSR2: for the application's use.</summary>
    public static Signal Usr2 => new(12);

    /// <summary>SIGPIPE: write to a pipe without readers.</summary>
    public static Signal Pipe => new(13);

    /// <summary>SIGALRM: timer of alarm(2).</summary>
    public static Signal Alrm => new(14);

    /// <summary>SIGTERM: a request to end.</summary>
    public static Signal Term => new(15);

    /// <summary>SIGCHLD: a child stopped, continued or ended.</summary>
    public static Signal Chld => new(17);

    /// <summary>SIGCONT: continue if stopped.</summary>
    public static Signal Cont => new(18);

    /// <summary>SIGSTOP: stops the process; it can be neither caught, blocked nor ignored.</summary>
    public static Signal Stop => new(19);

    /// <summary>SIGTSTP: stop typed at the terminal.</summary>
    public static Signal Tstp => new(20);

    /// <summary>SIGTTIN: terminal input for a background process.</summary>
    public static Signal Ttin => new(21);

    /// <summary>SIGTTOU: terminal output for a background process.</summary>
    public static Signal Ttou => new(22);

    /// <summary>SIGURG: urgent data came in on a socket.</summary>
    public static Signal Urg => new(23);

    /// <summary>SIGXCPU: the limit of CPU time was passed.</summary>
    public static Signal Xcpu => new(24);

    /// <summary>SIGWINCH: the terminal's size changed.</summary>
    public static Signal Winch => new(28);

    /// <summary>SIGSYS: bad system call.</summary>
    public static Signal Sys => new(31);

    /// <summary>The signal's symbol, such as "SIGTERM"; "SIGRTMIN+1" for a real-time signal.</summary>
    public string Name => Number switch
    {
        > 0 and < 32 => s_names[Number],
        <= Last when Number == FirstRealTime => "SIGRTMIN",
        <= Last when Number > FirstRealTime => string.Create(CultureInfo.InvariantCulture, $"SIGRTMIN+{Number - FirstRealTime}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"SIG{Number}"),
    };

    /// <summary>The real-time signal SIGRTMIN + <paramref name="offset"/>. See signal(7), "Real-time signals".</summary>
    /// <param name="offset">0 to SIGRTMAX - SIGRTMIN: 30 with glibc, 29 with musl.</param>
    /// <returns>The signal.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such real-time signal.</exception>
    public static Signal RealTime(int offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Last - FirstRealTime);
        return new Signal(FirstRealTime + offset);
    }

    /// <summary>The C library's description, such as "Terminated". See strsignal(3).</summary>
    /// <returns>The description, in the C locale unless native code set another one.</returns>
    public unsafe string Describe() => Marshal.PtrToStringUTF8((nint)Libc.strsignal(Number)) ?? Name;

    /// <summary>Finds a signal by its symbol, with or without "SIG", or by its number: "SIGTERM", "TERM", "SIGRTMIN+1", "15".</summary>
    /// <param name="name">The symbol; case does not matter.</param>
    /// <returns>The signal.</returns>
    /// <exception cref="FormatException">There is no such signal.</exception>
    public static Signal Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= Last)
        {
            return new Signal(number);
        }

        string symbol = name.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? name : "SIG" + name;
        for (int i = 1; i <= Last; i++)
        {
            if (new Signal(i).Name.Equals(symbol, StringComparison.OrdinalIgnoreCase))
            {
                return new Signal(i);
            }
        }

        throw new FormatException($"'{name}' is not a signal; it should be a symbol such as SIGTERM or SIGRTMIN+1, or a number from 1 to {Last}.");
    }

    /// <summary>The signal that .NET's name stands for.</summary>
    /// <param name="signal">One of .NET's names, or a raw signal number.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is neither.</exception>
    public static implicit operator Signal(PosixSignal signal) => FromPosixSignal(signal);

    /// <summary>The signal that .NET's name stands for.</summary>
    /// <param name="signal">One of .NET's names, or a raw signal number.</param>
    /// <returns>The signal.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The value is neither.</exception>
    public static Signal FromPosixSignal(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => Hup,
        PosixSignal.SIGINT => Int,
        PosixSignal.SIGQUIT => Quit,
        PosixSignal.SIGTERM => Term,
        PosixSignal.SIGCHLD => Chld,
        PosixSignal.SIGCONT => Cont,
        PosixSignal.SIGWINCH => Winch,
        PosixSignal.SIGTTIN => Ttin,
        PosixSignal.SIGTTOU => Ttou,
        PosixSignal.SIGTSTP => Tstp,
        _ => FromRawNumber((int)signal),
    };

    private static Signal FromRawNumber(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, Last);
        return new Signal(number);
    }

    /// <summary>The symbol and the number: "SIGTERM (15)".</summary>
    /// <returns>The signal in words.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} ({Number})");
}
