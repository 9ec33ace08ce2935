using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>Entries of an environment as exec and spawn want them, outside the managed heap: what other threads set meanwhile does not reach it.</summary>
internal readonly unsafe ref struct EnvironmentBlock
{
    internal EnvironmentBlock(byte[][] entries)
    {
        nuint size = (nuint)(entries.Length + 1) * (nuint)sizeof(byte*);
        foreach (byte[] entry in entries)
        {
            size += (nuint)entry.Length + 1;
        }

        Pointer = (byte**)NativeMemory.AllocZeroed(size); // so that everything ends in a null
        byte* next = (byte*)(Pointer + entries.Length + 1);
        for (int i = 0; i < entries.Length; i++)
        {
            Pointer[i] = next;
            entries[i].CopyTo(new Span<byte>(next, entries[i].Length));
            next += entries[i].Length + 1;
        }
    }

    internal byte** Pointer { get; }

    public void Dispose() => NativeMemory.Free(Pointer);
}
