namespace Multiprocessing.Posix;

/// <summary>One thing that posix_spawn(3) does with the new process's descriptors or directory before its program starts.</summary>
/// <remarks>
/// What is malformed is refused when the action is made. What fails in the new process, such as a file that does not exist, fails the spawn:
/// the exception has the error number of the action, and the program's path, since the call does not say what failed.
/// </remarks>
public abstract record SpawnFileAction
{
    private protected SpawnFileAction()
    {
    }

    /// <summary>Opens a file under a number, and closes what was open there. See open(2).</summary>
    /// <param name="number">The descriptor's number in the new process.</param>
    /// <param name="path">The file; a relative path starts at the new process's directory as it is then.</param>
    /// <param name="flags">Flags of open(2): 0 reads, 1 writes, 2 does both. Close-on-exec would close it again before the program sees it.</param>
    /// <param name="mode">Permission bits of a file that this makes.</param>
    /// <returns>The action.</returns>
    /// <exception cref="ArgumentException">The path is empty or has a null character in it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static SpawnFileAction Open(int number, string path, int flags = 0, int mode = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        RefuseBadPath(path);
        return new OpenAction(number, path, flags, mode);
    }

    /// <summary>Closes a descriptor. It is no error if it is not open.</summary>
    /// <param name="number">The descriptor's number in the new process.</param>
    /// <returns>The action.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static SpawnFileAction Close(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return new CloseAction(number);
    }

    /// <summary>Makes a descriptor available under another number too, and closes what was open there. See dup2(2).</summary>
    /// <param name="from">An open descriptor's number in the new process.</param>
    /// <param name="to">The other number, which the program inherits. The same number: it loses close-on-exec.</param>
    /// <returns>The action.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public static SpawnFileAction Duplicate(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfNegative(to);
        return new DuplicateAction(from, to);
    }

    /// <summary>Changes the working directory, for the actions that follow and for the program. See chdir(2).</summary>
    /// <param name="path">The directory.</param>
    /// <returns>The action.</returns>
    /// <exception cref="ArgumentException">The path is empty or has a null character in it.</exception>
    public static SpawnFileAction ChangeDirectory(string path)
    {
        RefuseBadPath(path);
        return new ChangeDirectoryAction(path);
    }

    /// <summary>Changes the working directory to one that is open. See fchdir(2).</summary>
    /// <param name="number">The directory's descriptor in the new process.</param>
    /// <returns>The action.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static SpawnFileAction ChangeDirectory(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return new ChangeToOpenDirectoryAction(number);
    }

    /// <summary>Adds this to what a posix_spawn will do.</summary>
    internal abstract unsafe void AddTo(void* actions);

    private static void RefuseBadPath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using CString refusesNullCharacters = new(path, nameof(path));
    }

    private static void Check(string call, int error)
    {
        if (error != 0)
        {
            throw PosixException.For(call, error);
        }
    }

    private sealed record OpenAction(int Number, string Path, int Flags, int Mode) : SpawnFileAction
    {
        internal override unsafe void AddTo(void* actions)
        {
            using CString path = new(Path);
            Check("posix_spawn_file_actions_addopen", Libc.posix_spawn_file_actions_addopen(actions, Number, path.Pointer, Flags, (uint)Mode));
        }
    }

    private sealed record CloseAction(int Number) : SpawnFileAction
    {
        internal override unsafe void AddTo(void* actions) =>
            Check("posix_spawn_file_actions_addclose", Libc.posix_spawn_file_actions_addclose(actions, Number));
    }

    private sealed record DuplicateAction(int From, int To) : SpawnFileAction
    {
        internal override unsafe void AddTo(void* actions) =>
            Check("posix_spawn_file_actions_adddup2", Libc.posix_spawn_file_actions_adddup2(actions, From, To));
    }

    private sealed record ChangeDirectoryAction(string Path) : SpawnFileAction
    {
        internal override unsafe void AddTo(void* actions)
        {
            using CString path = new(Path);
            Check("posix_spawn_file_actions_addchdir_np", Libc.posix_spawn_file_actions_addchdir_np(actions, path.Pointer));
        }
    }

    private sealed record ChangeToOpenDirectoryAction(int Number) : SpawnFileAction
    {
        internal override unsafe void AddTo(void* actions) =>
            Check("posix_spawn_file_actions_addfchdir_np", Libc.posix_spawn_file_actions_addfchdir_np(actions, Number));
    }
}
