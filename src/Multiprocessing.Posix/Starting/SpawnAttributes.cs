using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The attributes of a posix_spawn: group, session, user, scheduling and signal settings.</summary>
internal unsafe ref struct SpawnAttributes
{
    private const int Size = 1024; // 336 bytes in both C libraries; room to grow

    private const short ResetIds = 0x01;
    private const short SetProcessGroup = 0x02;
    private const short SetSignalDefault = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSchedulingPriority = 0x10;
    private const short SetScheduling = 0x20;
    private const short SetSession = 0x80;

    internal SpawnAttributes(PosixSpawnOptions? options)
    {
        if (options is null or
            { ProcessGroup: null, NewSession: false, SignalMask: null, SignalDefaults: null, ResetIds: false, SchedulingPolicy: null, SchedulingPriority: null })
        {
            return;
        }

        Pointer = NativeMemory.AllocZeroed(Size);
        try
        {
            Check("posix_spawnattr_init", Libc.posix_spawnattr_init(Pointer));
            Set(options);
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
        if (Pointer is not null)
        {
            _ = Libc.posix_spawnattr_destroy(Pointer);
            NativeMemory.Free(Pointer);
            Pointer = null;
        }
    }

    private readonly void Set(PosixSpawnOptions options)
    {
        short flags = (short)((options.NewSession ? SetSession : 0) | (options.ResetIds ? ResetIds : 0));
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

        if (options.SchedulingPolicy is { } policy)
        {
            flags |= SetScheduling;
            Check("posix_spawnattr_setschedpolicy", Libc.posix_spawnattr_setschedpolicy(Pointer, (int)policy));
        }

        if (options.SchedulingPolicy is not null || options.SchedulingPriority is not null)
        {
            flags |= SetSchedulingPriority;
            int priority = options.SchedulingPriority ?? 0;
            Check("posix_spawnattr_setschedparam", Libc.posix_spawnattr_setschedparam(Pointer, &priority));
        }

        Check("posix_spawnattr_setflags", Libc.posix_spawnattr_setflags(Pointer, flags));
    }

    private static void Check(string call, int error)
    {
        if (error != 0)
        {
            throw PosixException.For(call, error);
        }
    }
}
