using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The attributes of a posix_spawn: group, session and signal settings.</summary>
internal unsafe ref struct SpawnAttributes
{
    private const int Size = 1024; // 336 bytes in both C libraries; room to grow

    private const short SetProcessGroup = 0x02;
    private const short SetSignalDefault = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;

    internal SpawnAttributes(PosixSpawnOptions? options)
    {
        if (options is null or { ProcessGroup: null, NewSession: false, SignalMask: null, SignalDefaults: null })
        {
            return;
        }

        Pointer = NativeMemory.AllocZeroed(Size);
        Check("posix_spawnattr_init", Libc.posix_spawnattr_init(Pointer));
        short flags = options.NewSession ? SetSession : (short)0;
        if (options.ProcessGroup is { } group)
        {
            flags |= SetProcessGroup;
            Check("posix_spawnattr_setpgroup", Libc.posix_spawnattr_setpgroup(Pointer, group));
        }

        if (options.SignalMask is { } mask)
        {
            flags |= SetSignalMask;
            SignalSet set = SignalSet.Of(mask);
            Check("posix_spawnattr_setsigmask", Libc.posix_spawnattr_setsigmask(Pointer, &set));
        }

        if (options.SignalDefaults is { } defaults)
        {
            flags |= SetSignalDefault;
            SignalSet set = SignalSet.Of(defaults);
            Check("posix_spawnattr_setsigdefault", Libc.posix_spawnattr_setsigdefault(Pointer, &set));
        }

        Check("posix_spawnattr_setflags", Libc.posix_spawnattr_setflags(Pointer, flags));
    }

    internal void* Pointer { get; private set; }

    public void Dispose()
    {
        if (Pointer is not null)
        {
            _ = Libc.posix_spawnattr_destroy(Pointer);
            NativeMemory.Free(Pointer);
            Pointer = null;
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
