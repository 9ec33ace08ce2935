using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>A system call failed. The message names the call, what the C library says of the error, and the error's symbol.</summary>
/// <remarks>See errno(3).</remarks>
public class PosixException : IOException
{
    /// <summary>Makes the exception for a failed call.</summary>
    /// <param name="call">The call's POSIX name, such as <c>waitpid</c>.</param>
    /// <param name="errno">The error number that the call left.</param>
    public PosixException(string call, int errno)
        : this(call, errno, path: null)
    {
    }

    /// <summary>Makes the exception for a failed call that was about a path.</summary>
    /// <param name="call">The call's POSIX name, such as <c>execve</c>.</param>
    /// <param name="errno">The error number that the call left.</param>
    /// <param name="path">The path that the call was given, or null.</param>
    public PosixException(string call, int errno, string? path)
        : this(call, errno, path, Compose(call, errno, path))
    {
    }

    private PosixException(string call, int errno, string? path, string message)
        : base(message, errno)
    {
        Call = call;
        Errno = errno;
        Path = path;
    }

    /// <summary>The POSIX name of the call that failed, such as <c>waitpid</c>.</summary>
    public string Call { get; }

    /// <summary>The error number, such as 10 for ECHILD.</summary>
    public int Errno { get; }

    /// <summary>The path that the call was given, or null when it was not about one.</summary>
    public string? Path { get; }

    /// <summary>Makes the exception of the type that fits the error number.</summary>
    internal static PosixException For(string call, int errno, string? path = null) =>
        errno == Posix.Errno.ECHILD ? new NoChildProcessException(call) : new PosixException(call, errno, path);

    /// <summary>The same failure, with what it means here, or what to do.</summary>
    internal PosixException WithAdvice(string advice) => new(Call, Errno, Path, $"{Message}: {advice}");

    /// <summary>Makes the exception for the call that has just failed on this thread.</summary>
    internal static PosixException Last(string call, string? path = null) => For(call, Marshal.GetLastPInvokeError(), path);

    private static string Compose(string call, int errno, string? path)
    {
        string text = $"{call}: {Marshal.GetPInvokeErrorMessage(errno)} ({Posix.Errno.NameOf(errno)})";
        return path is null ? text : $"{text}: '{path}'";
    }
}
