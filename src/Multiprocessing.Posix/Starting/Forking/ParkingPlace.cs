using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>A place where a thread of this process waits while it is forked: a few instructions that write its registers down and sleep on a word.</summary>
/// <remarks>
/// A thread that waits there is, for the runtime, in native code, and holds no lock of the runtime or the C library: its copy in the child, which has no kernel thread, is in
/// nobody's way. Wherever else a thread is at that moment, it may be half-way through something that the child would wait for.
/// </remarks>
internal sealed unsafe class ParkingPlace
{
    private const int Size = 128; // of a place in the page behind the code
    private const int ResurrectOffset = 128;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static byte* s_next;
    private static delegate* unmanaged<Place*, void> s_park;
    private static delegate* unmanaged<Place*, nint> s_resurrect;

    private readonly Place* _place;

    /// <exception cref="PosixException">This system forbids it to make memory executable.</exception>
    internal ParkingPlace()
    {
        if (s_next is null)
        {
            PlaceCode();
        }

        _place = (Place*)s_next;
        s_next += Size;
    }

    internal bool IsTaken => Volatile.Read(ref _place->Parked) != 0;

    /// <summary>Whether the thread that has introduced itself could be made anew.</summary>
    internal bool CanResurrect => _place->KernelsId is not null;

    /// <summary>On the thread that will park here: what has to be known of it to make it anew.</summary>
    internal void Introduce()
    {
        _place->Storage = Libc.pthread_self(); // on x64 the same as the thread pointer
        _place->KernelsId = Os.FindThreadIdAddress();
        Libc.sigaltstack(null, &_place->AlternateStack);
        _place->AlternateStack.Flags = 0;
        _place->RobustList = RobustList.Head;
    }

    /// <summary>On the thread itself: waits until it is let go.</summary>
    internal void Park() => s_park(_place);

    /// <summary>Has the thread come here.</summary>
    /// <param name="ask">Asks it to; called again once a second.</param>
    /// <returns>False when it did not come in ten seconds. It does not stay if it comes later.</returns>
    internal bool Hold(Action ask)
    {
        // After the last fork it may not have left yet: it would take the word for the new one, and stay.
        while (Volatile.Read(ref _place->Parked) is var parked and not 0)
        {
            Os.FutexWait(ref _place->Parked, parked);
        }

        _place->GoOn = 0;
        for (long start = Stopwatch.GetTimestamp(); !IsTaken;)
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                LetGo();
                return false;
            }

            ask();
            Os.FutexWait(ref _place->Parked, 0, TimeSpan.FromSeconds(1));
        }

        return true;
    }

    internal void LetGo()
    {
        Volatile.Write(ref _place->GoOn, 1);
        Os.FutexWake(ref _place->GoOn);
    }

    /// <summary>In a forked child: makes a kernel thread that goes on as the one that is parked here, with these signals blocked.</summary>
    /// <returns>Its ID.</returns>
    /// <exception cref="PosixException">EAGAIN: the limit of processes and threads is reached.</exception>
    internal int Resurrect(SignalSet mask)
    {
        _place->Mask = mask[0];
        ForgetProcessorCache();
        nint id = s_resurrect(_place);
        return id >= 0 ? (int)id : throw PosixException.For("clone", (int)-id);
    }

    /// <summary>In a forked child, of a thread that is not made anew: nobody is here.</summary>
    internal void Vacate() => _place->Parked = 0;

    /// <summary>
    /// glibc reads the processor that a thread runs on from a structure that the kernel keeps up to date where the thread has registered it (rseq), which the new one has not. What it then does
    /// is to ask the kernel, if the structure says so.
    /// </summary>
    private void ForgetProcessorCache()
    {
        nint program = NativeLibrary.GetMainProgramHandle();
        if (NativeLibrary.TryGetExport(program, "__rseq_offset", out nint offset) && NativeLibrary.TryGetExport(program, "__rseq_size", out nint size) && *(uint*)size > 0)
        {
            const int ProcessorField = 4;
            const int Unregistered = -1;
            *(int*)(_place->Storage + *(nint*)offset + ProcessorField) = Unregistered;
        }
    }

    private static void PlaceCode()
    {
        Span<byte> code = stackalloc byte[ResurrectOffset + 128];
        code.Clear();
        ReadOnlySpan<byte> park =
        [
            0x48, 0x89, 0x27, // mov [rdi], rsp
            0x48, 0x89, 0x5F, 0x08, // mov [rdi+8], rbx
            0x48, 0x89, 0x6F, 0x10, // mov [rdi+16], rbp
            0x4C, 0x89, 0x67, 0x18, // mov [rdi+24], r12
            0x4C, 0x89, 0x6F, 0x20, // mov [rdi+32], r13
            0x4C, 0x89, 0x77, 0x28, // mov [rdi+40], r14
            0x4C, 0x89, 0x7F, 0x30, // mov [rdi+48], r15
            0x48, 0x89, 0xFB, // mov rbx, rdi
            0xC7, 0x43, 0x38, 0x01, 0, 0, 0, // mov dword ptr [rbx+56], 1
            0x48, 0x8D, 0x7B, 0x38, 0xBE, 0x81, 0, 0, 0, 0xBA, 0x01, 0, 0, 0, // futex(rbx+56, FUTEX_WAKE_PRIVATE, 1)
            0xB8, 0xCA, 0, 0, 0, 0x0F, 0x05,
            0x8B, 0x43, 0x3C, 0x85, 0xC0, 0x75, 0x17, // again: if [rbx+60] != 0 goto go
            0x48, 0x8D, 0x7B, 0x3C, 0xBE, 0x80, 0, 0, 0, 0x31, 0xD2, 0x45, 0x31, 0xD2, // futex(rbx+60, FUTEX_WAIT_PRIVATE, 0, null)
            0xB8, 0xCA, 0, 0, 0, 0x0F, 0x05,
            0xEB, 0xE2, // goto again
            0xC7, 0x43, 0x38, 0, 0, 0, 0, // go: mov dword ptr [rbx+56], 0
            0x48, 0x8D, 0x7B, 0x38, 0xBE, 0x81, 0, 0, 0, 0xBA, 0x01, 0, 0, 0, // futex(rbx+56, FUTEX_WAKE_PRIVATE, 1)
            0xB8, 0xCA, 0, 0, 0, 0x0F, 0x05,
            0x48, 0x8B, 0x5B, 0x08, 0xC3, // mov rbx, [rbx+8]; ret
        ];
        ReadOnlySpan<byte> resurrect =
        [
            0x53, 0x48, 0x89, 0xFB, // push rbx; mov rbx, rdi
            0xBF, 0x00, 0x0F, 0x3D, 0x00, // mov edi, CLONE_VM|FS|FILES|SIGHAND|THREAD|SYSVSEM|SETTLS|PARENT_SETTID|CHILD_CLEARTID
            0x48, 0x8B, 0x33, // mov rsi, [rbx]: the stack
            0x48, 0x8B, 0x53, 0x40, // mov rdx, [rbx+64]: where to write the ID
            0x4C, 0x8B, 0x53, 0x40, // mov r10, [rbx+64]: where to clear it at the end
            0x4C, 0x8B, 0x43, 0x48, // mov r8, [rbx+72]: the storage
            0xB8, 0x38, 0, 0, 0, 0x0F, 0x05, // clone
            0x85, 0xC0, 0x74, 0x02, // test eax, eax; jz the new thread
            0x5B, 0xC3, // pop rbx; ret
            0x48, 0x8B, 0x6B, 0x10, // the new thread: mov rbp, [rbx+16]
            0x4C, 0x8B, 0x63, 0x18, // mov r12, [rbx+24]
            0x4C, 0x8B, 0x6B, 0x20, // mov r13, [rbx+32]
            0x4C, 0x8B, 0x73, 0x28, // mov r14, [rbx+40]
            0x4C, 0x8B, 0x7B, 0x30, // mov r15, [rbx+48]
            0x48, 0x8D, 0x7B, 0x50, 0x31, 0xF6, 0xB8, 0x83, 0, 0, 0, 0x0F, 0x05, // sigaltstack(rbx+80, null)
            0x48, 0x8B, 0x7B, 0x68, 0xBE, 0x18, 0, 0, 0, 0xB8, 0x11, 0x01, 0, 0, 0x0F, 0x05, // set_robust_list([rbx+104], 24)
            0xBF, 0x02, 0, 0, 0, 0x48, 0x8D, 0x73, 0x70, 0x31, 0xD2, 0x41, 0xBA, 0x08, 0, 0, 0, // rt_sigprocmask(SIG_SETMASK, rbx+112, null, 8)
            0xB8, 0x0E, 0, 0, 0, 0x0F, 0x05,
            0xE9, 0x47, 0xFF, 0xFF, 0xFF, // goto again, with the stack pointer as it was
        ];
        park.CopyTo(code);
        resurrect.CopyTo(code[ResurrectOffset..]);
        byte* start = MachineCode.Place(code, out s_next);
        s_park = (delegate* unmanaged<Place*, void>)start;
        s_resurrect = (delegate* unmanaged<Place*, nint>)(start + ResurrectOffset);
    }

    // What the code knows of this structure stands in it as displacements.
    [StructLayout(LayoutKind.Sequential)]
    private struct Place
    {
        internal nint StackPointer; // 0
        internal nint Rbx;
        internal nint Rbp;
        internal nint R12;
        internal nint R13;
        internal nint R14;
        internal nint R15;
        internal uint Parked; // 56
        internal uint GoOn; // 60
        internal int* KernelsId; // 64
        internal nint Storage; // 72
        internal SignalStack AlternateStack; // 80
        internal nint RobustList; // 104
        internal ulong Mask; // 112: sigset_t of the kernel
    }
}
