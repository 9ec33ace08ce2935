using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The file actions of a posix_spawn: which descriptors the new program gets, and where it starts.</summary>
internal unsafe ref struct SpawnFileActions
{
    private const int Size = 512; // 80 bytes in both C libraries; room to grow
    private const int FirstNumber = 0;

    private readonly List<SafeDescriptorHandle> _sources = [];

    internal SpawnFileActions(PosixSpawnOptions? options)
    {
        if (options is null or { Descriptors: null, WorkingDirectory: null, FileActions: null })
        {
            return;
        }

        Pointer = NativeMemory.AllocZeroed(Size);
        try
        {
            Check("posix_spawn_file_actions_init", Libc.posix_spawn_file_actions_init(Pointer));
            Add(options);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal void* Pointer { get; private set; }

    public void Dispose()
    {
        foreach (SafeDescriptorHandle source in _sources)
        {
            source.Dispose();
        }

        if (Pointer is not null)
        {
            _ = Libc.posix_spawn_file_actions_destroy(Pointer);
            NativeMemory.Free(Pointer);
            Pointer = null;
        }
    }

    /// <summary>First the numbers are as asked for and the directory is the right one; the caller's own actions begin with that.</summary>
    private readonly void Add(PosixSpawnOptions options)
    {
        if (options.Descriptors is { } descriptors)
        {
            AddDescriptors(descriptors);
        }

        if (options.WorkingDirectory is { } directory)
        {
            using CString path = new(directory, nameof(options.WorkingDirectory));
            Check("posix_spawn_file_actions_addchdir_np", Libc.posix_spawn_file_actions_addchdir_np(Pointer, path.Pointer));
        }

        foreach (SpawnFileAction action in options.FileActions ?? [])
        {
            if (action is null)
            {
                throw new ArgumentException("A file action is null.", nameof(options));
            }

            action.AddTo(Pointer);
        }
    }

    private readonly void AddDescriptors(IReadOnlyDictionary<int, int> descriptors)
    {
        int end = FirstNumber;
        foreach (int number in descriptors.Keys)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(number, nameof(descriptors));
            end = Math.Max(end, number + 1);
        }

        // First a duplicate of each source above every target, so that no order of the actions can overwrite a source.
        foreach ((int number, int ours) in descriptors)
        {
            using SafeDescriptorHandle borrowed = new(ours, ownsHandle: false);
            SafeDescriptorHandle source = new(Os.Fcntl(borrowed, FcntlCommand.DuplicateCloseOnExec, end));
            _sources.Add(source);
            Check("posix_spawn_file_actions_adddup2", Libc.posix_spawn_file_actions_adddup2(Pointer, source.Number, number));
        }

        for (int number = FirstNumber; number < end; number++)
        {
            if (!descriptors.ContainsKey(number))
            {
                Check("posix_spawn_file_actions_addclose", Libc.posix_spawn_file_actions_addclose(Pointer, number));
            }
        }

        AddCloseFrom(end);
    }

    /// <summary>Closes everything from a number on.</summary>
    /// <remarks>
    /// musl and glibc before 2.34 have no such action. There what is open at this moment and not close-on-exec is closed one by one;
    /// a descriptor that another thread opens inheritably in between can slip through.
    /// </remarks>
    private readonly void AddCloseFrom(int end)
    {
        try
        {
            Check("posix_spawn_file_actions_addclosefrom_np", Libc.posix_spawn_file_actions_addclosefrom_np(Pointer, end));
        }
        catch (EntryPointNotFoundException)
        {
            foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
            {
                if (int.TryParse(Path.GetFileName(entry.AsSpan()), CultureInfo.InvariantCulture, out int number) && number >= end)
                {
                    Check("posix_spawn_file_actions_addclose", Libc.posix_spawn_file_actions_addclose(Pointer, number));
                }
            }
        }
    }

    private static void Check(string call, int error)
    {
        if (error != 0)
        {
            throw PosixException.For(call, error);
        }
    }
}
