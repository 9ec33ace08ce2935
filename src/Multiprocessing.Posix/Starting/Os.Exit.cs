using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>Ends the process at once: no exit handler runs, no finally block, nothing is flushed. See _exit(2).</summary>
    /// <param name="status">The exit status; only its low eight bits reach the parent.</param>
    [DoesNotReturn]
    public static void _Exit(int status)
    {
        Libc._exit(status);
        throw new UnreachableException();
    }
}
