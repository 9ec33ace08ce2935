namespace Multiprocessing.Posix;

public static partial class Os
{
    /// <summary>Starts a program. See posix_spawn(3); the caller's memory is not copied, so the cost does not grow with it.</summary>
    /// <param name="path">The program's path; it is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <param name="env">The environment; null: a copy of <see cref="Environ"/>.</param>
    /// <param name="options">What else the program starts with.</param>
    /// <returns>The new process's ID; it has to be waited for.</returns>
    /// <exception cref="ArgumentException">No argument, an empty first one, a null character, or '=' in a variable's name. Nothing was started.</exception>
    /// <exception cref="PosixException">ENOENT, EACCES, ENOEXEC, EAGAIN, ENOMEM, …; the message names the path.</exception>
    public static int PosixSpawn(string path, IReadOnlyList<string> args, IEnumerable<KeyValuePair<string, string>>? env = null, PosixSpawnOptions? options = null) =>
        Spawn("posix_spawn", search: false, path, args, env, options);

    /// <summary>Starts a program that is searched for in the caller's PATH. See posix_spawnp(3).</summary>
    /// <param name="file">The program's name; one with a slash is not searched for.</param>
    /// <param name="args">The arguments, the program's own name first.</param>
    /// <param name="env">The environment; null: a copy of <see cref="Environ"/>. Its PATH is not the one searched.</param>
    /// <param name="options">What else the program starts with.</param>
    /// <returns>The new process's ID; it has to be waited for.</returns>
    /// <exception cref="ArgumentException">No argument, an empty first one, a null character, or '=' in a variable's name. Nothing was started.</exception>
    /// <exception cref="PosixException">ENOENT, EACCES, ENOEXEC, EAGAIN, ENOMEM, …; the message names the file.</exception>
    public static int PosixSpawnp(string file, IReadOnlyList<string> args, IEnumerable<KeyValuePair<string, string>>? env = null, PosixSpawnOptions? options = null) =>
        Spawn("posix_spawnp", search: true, file, args, env, options);

    private static unsafe int Spawn(string call, bool search, string path, IReadOnlyList<string> args, IEnumerable<KeyValuePair<string, string>>? env, PosixSpawnOptions? options)
    {
        RefuseEmptyArguments(args);
        using CString program = new(path, nameof(path));
        using CStringArray arguments = new(args, nameof(args));
        using CStringArray environment = new(env is null ? [] : ToEnvironmentBlock(env), nameof(env));
        using EnvironmentBlock current = env is null ? LiveEnvironment.ToBlock() : default;
        using SpawnAttributes attributes = new(options);
        using SpawnFileActions actions = new(options);

        if (search)
        {
            _ = GetEnv(PathVariable); // the C library looks at its own copy, so it must be up to date
        }

        int pid;
        byte** envp = env is null ? current.Pointer : environment.Pointer;
        int error = search
            ? Libc.posix_spawnp(&pid, program.Pointer, actions.Pointer, attributes.Pointer, arguments.Pointer, envp)
            : Libc.posix_spawn(&pid, program.Pointer, actions.Pointer, attributes.Pointer, arguments.Pointer, envp);
        if (error != 0)
        {
            throw PosixException.For(call, error, path);
        }

        BlockedWait.Ring();
        return pid;
    }

    private static void RefuseEmptyArguments(IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (args.Count == 0 || string.IsNullOrEmpty(args[0]))
        {
            throw new ArgumentException("The argument list needs at least the program's own name, not empty.", nameof(args));
        }
    }

    private static List<string> ToEnvironmentBlock(IEnumerable<KeyValuePair<string, string>> env)
    {
        List<string> block = [];
        foreach ((string name, string value) in env)
        {
            if (string.IsNullOrEmpty(name) || name.Contains('=', StringComparison.Ordinal))
            {
                throw new ArgumentException($"'{name}' is not the name of an environment variable: it is empty or has '=' in it.", nameof(env));
            }

            block.Add($"{name}={value}");
        }

        return block;
    }
}
