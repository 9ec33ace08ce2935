using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

public static partial class Os
{
    private const string Shell = "/bin/sh";
    private const int AT_EMPTY_PATH = 0x1000;
    private const int X_OK = 1;

    private static readonly int s_execveAtNumber = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 322 : 281;

    /// <summary>Replaces the program of this process. See execv(3). The process keeps its ID; this call does not return.</summary>
    /// <param name="path">The program's path; it is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <remarks>
    /// <para>The new program starts as from a shell: SIGPIPE, which .NET's runtime ignores, has its default action again (unless <see cref="Ignore"/> asked for it to be
    /// ignored), handled signals too, and a terminal that the console has set up differently is as it was. Signals that this thread has blocked stay blocked, ignored ones ignored, as POSIX has it.
    /// Descriptors are closed, since those of .NET are close-on-exec, but for 0 to 2 and those that were made inheritable.</para>
    /// <para>No exit handler runs, no finally block, and nothing is flushed. The other threads end where they are. When the call fails the process goes on as
    /// before, but where the file was there and may be executed debuggers and diagnostic tools no longer find it; another thread that wrote to a pipe without readers in that instant would have been ended by SIGPIPE.</para>
    /// <para>A child of this library that executes another program no longer ends with its parent.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">No argument, an empty first one, or a null character. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOENT, EACCES, ENOEXEC, E2BIG, …; the message names the path. The process goes on.</exception>
    [DoesNotReturn]
    public static void Execv(string path, IReadOnlyList<string> args) => Exec("execv", [path], args, env: null);

    /// <summary>Replaces the program of this process, with an environment of its own. See execve(2), and <see cref="Execv"/>.</summary>
    /// <param name="path">The program's path; it is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <param name="env">The whole environment of the new program.</param>
    /// <exception cref="ArgumentException">No argument, an empty first one, a null character, or an empty name of a variable or one with '='. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOENT, EACCES, ENOEXEC, E2BIG, …; the message names the path. The process goes on.</exception>
    [DoesNotReturn]
    public static void Execve(string path, IReadOnlyList<string> args, IEnumerable<KeyValuePair<string, string>> env) => Exec("execve", [path], args, Given(env));

    /// <summary>Replaces the program of this process by one that is searched for in PATH. See execvp(3), and <see cref="Execv"/>.</summary>
    /// <param name="file">The program's name; one with a slash is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <remarks>
    /// Each directory of PATH is tried in order, of the system's default path where PATH is not set; one that may not be entered does not hide a later hit. A file that is executable but
    /// has no format that the system knows is run by /bin/sh.
    /// </remarks>
    /// <exception cref="ArgumentException">No argument, an empty first one, or a null character. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOENT: it is in no directory of PATH; EACCES: where it is it may not be executed; E2BIG, …; the message names the file. The process goes on.</exception>
    [DoesNotReturn]
    public static void Execvp(string file, IReadOnlyList<string> args) => Exec("execvp", Candidates(file, GetExecPath()), args, env: null, file);

    /// <summary>Replaces the program of this process by one that is searched for in the PATH of its new environment. See <see cref="Execvp"/> and <see cref="Execve"/>.</summary>
    /// <param name="file">The program's name; one with a slash is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <param name="env">The whole environment of the new program. As in Python, and unlike the GNU function of this name, it is its PATH that is searched.</param>
    /// <exception cref="ArgumentException">No argument, an empty first one, a null character, or an empty name of a variable or one with '='. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOENT: it is in no directory of PATH; EACCES: where it is it may not be executed; E2BIG, …; the message names the file. The process goes on.</exception>
    [DoesNotReturn]
    public static void Execvpe(string file, IReadOnlyList<string> args, IEnumerable<KeyValuePair<string, string>> env)
    {
        List<KeyValuePair<string, string>> given = Given(env);
        Exec("execvpe", Candidates(file, GetExecPath(given)), args, given, file);
    }

    /// <summary><see cref="Execv"/> with the arguments one by one. See execl(3).</summary>
    /// <param name="path">The program's path; it is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <exception cref="ArgumentException">No argument, an empty first one, or a null character. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOENT, EACCES, ENOEXEC, E2BIG, …; the message names the path. The process goes on.</exception>
    [DoesNotReturn]
    public static void Execl(string path, params string[] args) => Exec("execl", [path], args, env: null);

    /// <summary><see cref="Execvp"/> with the arguments one by one. See execlp(3).</summary>
    /// <param name="file">The program's name; one with a slash is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <exception cref="ArgumentException">No argument, an empty first one, or a null character. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOENT: it is in no directory of PATH; EACCES: where it is it may not be executed; E2BIG, …; the message names the file. The process goes on.</exception>
    [DoesNotReturn]
    public static void Execlp(string file, params string[] args) => Exec("execlp", Candidates(file, GetExecPath()), args, env: null, file);

    /// <summary><see cref="Execve"/> under the name of the C function that takes the arguments one by one. See execle(3).</summary>
    /// <param name="path">The program's path; it is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <param name="env">The whole environment of the new program.</param>
    /// <exception cref="ArgumentException">No argument, an empty first one, a null character, or an empty name of a variable or one with '='. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOENT, EACCES, ENOEXEC, E2BIG, …; the message names the path. The process goes on.</exception>
    [DoesNotReturn]
    public static void Execle(string path, string[] args, IEnumerable<KeyValuePair<string, string>> env) => Exec("execle", [path], args, Given(env));

    /// <summary><see cref="Execvpe"/> under the name of Python's function that takes the arguments one by one.</summary>
    /// <param name="file">The program's name; one with a slash is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <param name="env">The whole environment of the new program; its PATH is searched.</param>
    /// <exception cref="ArgumentException">No argument, an empty first one, a null character, or an empty name of a variable or one with '='. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOENT: it is in no directory of PATH; EACCES: where it is it may not be executed; E2BIG, …; the message names the file. The process goes on.</exception>
    [DoesNotReturn]
    public static void Execlpe(string file, string[] args, IEnumerable<KeyValuePair<string, string>> env) => Execvpe(file, args, env);

    /// <summary>Replaces the program of this process by the file that a descriptor refers to. See fexecve(3), and <see cref="Execv"/>.</summary>
    /// <param name="program">The program, open for reading, or as a path only. A script cannot be run so: its interpreter would find the descriptor closed.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <param name="env">The whole environment of the new program; null: this process's.</param>
    /// <exception cref="ArgumentException">No argument, an empty first one, a null character, or an empty name of a variable or one with '='. Nothing has changed.</exception>
    /// <exception cref="PosixException">EACCES, EBADF, ENOEXEC, ENOENT: it is a script; … The process goes on.</exception>
    [DoesNotReturn]
    public static unsafe void Fexecve(SafeDescriptorHandle program, IReadOnlyList<string> args, IEnumerable<KeyValuePair<string, string>>? env = null)
    {
        ArgumentNullException.ThrowIfNull(program);
        RefuseEmptyArguments(args);
        using CStringArray arguments = new(args, nameof(args));
        using CStringArray environment = new(env is null ? [] : ToEnvironmentBlock(env), nameof(env));
        using EnvironmentBlock current = env is null ? LiveEnvironment.ToBlock() : default;
        byte** variables = env is null ? current.Pointer : environment.Pointer;
        using ExecPreparation preparation = new();
        byte* empty = stackalloc byte[1];
        *empty = 0;
        bool added = false;
        int errno;
        try
        {
            program.DangerousAddRef(ref added);
            DiagnosticFiles.Remove();
            _ = Libc.syscall(s_execveAtNumber, program.Number, (nint)empty, (nint)arguments.Pointer, (nint)variables, AT_EMPTY_PATH);
            errno = Marshal.GetLastPInvokeError();
        }
        finally
        {
            if (added)
            {
                program.DangerousRelease();
            }
        }

        throw PosixException.For("fexecve", errno);
    }

    /// <param name="paths">What to try in turn.</param>
    /// <param name="file">What was searched for; null: there is one path, and no search.</param>
    [DoesNotReturn]
    private static unsafe void Exec(string call, List<string> paths, IReadOnlyList<string> args, List<KeyValuePair<string, string>>? env, string? file = null)
    {
        RefuseEmptyArguments(args);
        using CStringArray arguments = new(args, nameof(args));
        using CStringArray environment = new(env is null ? [] : ToEnvironmentBlock(env), nameof(env));
        using CStringArray programs = new(paths, "path");
        using EnvironmentBlock current = env is null ? LiveEnvironment.ToBlock() : default;
        byte** variables = env is null ? current.Pointer : environment.Pointer;
        int result = Errno.ENOENT;
        using (new ExecPreparation())
        {
            for (int i = 0; i < paths.Count; i++)
            {
                int errno = TryExec(programs.Pointer[i], arguments.Pointer, variables);
                if (errno == Errno.ENOEXEC && file is not null)
                {
                    using CStringArray forShell = new([Shell, paths[i], .. args.Skip(1)], nameof(args));
                    using CString shell = new(Shell);
                    errno = TryExec(shell.Pointer, forShell.Pointer, variables);
                }

                // Not there: go on. Not permitted: go on, but say so if nothing else is found. Anything else is about the program that was found.
                result = errno is Errno.ENOENT or Errno.ENOTDIR && result == Errno.EACCES ? result : errno;
                if (file is null || errno is not (Errno.ENOENT or Errno.ENOTDIR or Errno.EACCES))
                {
                    break;
                }
            }
        }

        throw PosixException.For(call, file is not null && result == Errno.ENOTDIR ? Errno.ENOENT : result, file ?? paths[0]);
    }

    private static unsafe int TryExec(byte* path, byte** args, byte** env)
    {
        if (Libc.access(path, X_OK) == 0)
        {
            DiagnosticFiles.Remove();
        }

        _ = Libc.execve(path, args, env);
        return Marshal.GetLastPInvokeError();
    }

    private static List<string> Candidates(string file, IReadOnlyList<string> directories)
    {
        ArgumentNullException.ThrowIfNull(file);
        return file.Length == 0 || file.Contains('/', StringComparison.Ordinal)
            ? [file]
            : [.. directories.Select(directory => directory.Length == 0 ? $"./{file}" : $"{directory}/{file}")];
    }

    private static List<KeyValuePair<string, string>> Given(IEnumerable<KeyValuePair<string, string>> env)
    {
        ArgumentNullException.ThrowIfNull(env);
        return [.. env];
    }
}
