using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const string PathVariable = "PATH";
    private const int DefaultPath = 0; // _CS_PATH, in both C libraries

    /// <summary>The directories in which a searching exec or spawn looks for a program, in order. See execvp(3).</summary>
    /// <param name="env">The environment whose PATH counts; null: this process's.</param>
    /// <returns>
    /// The parts of PATH, where an empty one means the working directory; without a PATH the system's default path, which confstr(3) tells.
    /// </returns>
    public static IReadOnlyList<string> GetExecPath(IEnumerable<KeyValuePair<string, string>>? env = null)
    {
        string? path = env is null
            ? GetEnv(PathVariable)
            : env.Where(variable => variable.Key == PathVariable).Select(variable => variable.Value).FirstOrDefault(); // getenv(3) finds the first one, too
        return (path ?? GetDefaultPath()).Split(':');
    }

    private static unsafe string GetDefaultPath()
    {
        int size = (int)Libc.confstr(DefaultPath, null, 0);
        if (size == 0)
        {
            return "/bin:/usr/bin";
        }

        byte[] text = new byte[size];
        fixed (byte* start = text)
        {
            Libc.confstr(DefaultPath, start, (nuint)size);
            return Marshal.PtrToStringUTF8((nint)start)!;
        }
    }
}
