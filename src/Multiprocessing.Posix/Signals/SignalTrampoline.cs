using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The one piece of code that runs in signal context: it writes the signal's record into a pipe, and goes on to the handler that was there before, if asked.</summary>
/// <remarks>
/// Managed code must not run in signal context: the thread may be anywhere, within the garbage collector too. These instructions touch the
/// stack, one descriptor number and a table, and call write(2) directly, so that errno stays as it was. The pipe's writing end does not
/// block: a handler that waited for a reader, which may be suspended for a collection that waits for this very thread, would never end.
/// See signal-safety(7).
/// </remarks>
internal static unsafe class SignalTrampoline
{
    /// <summary>How much of siginfo_t the record is: number, code, sender, value.</summary>
    internal const int RecordSize = 32;

    private static byte* s_data;

    /// <summary>The address for sigaction(2).</summary>
    /// <exception cref="PlatformNotSupportedException">There is no code for this processor.</exception>
    internal static nint Address { get; private set; }

    /// <summary>Places the code.</summary>
    /// <param name="descriptor">The pipe's writing end, for as long as the process lives.</param>
    internal static void Prepare(int descriptor)
    {
        Span<byte> code = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 =>
            [
                0x57, 0x56, 0x52, // push rdi, rsi, rdx
                0x4C, 0x8D, 0x05, 0, 0, 0, 0, // lea r8, [the data]
                0xB8, 1, 0, 0, 0, // mov eax, SYS_write
                0x41, 0x8B, 0x38, // mov edi, [r8]
                0xBA, RecordSize, 0, 0, 0, // mov edx, 32; rsi is the siginfo_t already
                0x0F, 0x05, // syscall
                0x5A, 0x5E, 0x5F, // pop rdx, rsi, rdi
                0x49, 0x8B, 0x44, 0xF8, 0x08, // mov rax, [r8 + 8 * rdi + 8]
                0x48, 0x85, 0xC0, 0x74, 0x02, // test rax, rax; jz ret
                0xFF, 0xE0, // jmp rax
                0xC3, // ret
            ],
            Architecture.Arm64 => MemoryMarshal.AsBytes((Span<uint>)
            [
                0x10000009, // adr x9, the data
                0xAA0003EA, 0xAA0203EB, // mov x10, x0; mov x11, x2
                0xB9400120, // ldr w0, [x9]
                0xD2800402, 0xD2800808, 0xD4000001, // mov x2, #32; mov x8, #SYS_write; svc #0; x1 is the siginfo_t already
                0xAA0A03E0, 0xAA0B03E2, // mov x0, x10; mov x2, x11
                0x91002129, 0xF8607929, // add x9, x9, #8; ldr x9, [x9, x0, lsl #3]
                0xB4000049, 0xD61F0120, 0xD65F03C0, // cbz x9, ret; br x9; ret
            ]),
            var other => throw new PlatformNotSupportedException($"Signals can be handled on x64 and arm64 only, not yet on {other}."),
        };

        int distance = Environment.SystemPageSize;
        if (RuntimeInformation.ProcessArchitecture is Architecture.X64)
        {
            BitConverter.TryWriteBytes(code[6..], distance - 10); // from the end of the instruction
        }
        else
        {
            BitConverter.TryWriteBytes(code, 0x10000009u | ((uint)(distance >> 2) << 5));
        }

        byte* start = MachineCode.Place(code, out s_data);
        *(int*)s_data = descriptor;
        Address = (nint)start;
    }

    /// <summary>Sets which handler the code goes on to; zero: none.</summary>
    internal static void GoOnTo(Signal signal, nint handler) => Volatile.Write(ref ((nint*)s_data)[1 + signal.Number], handler);
}
