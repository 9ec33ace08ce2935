using System.Runtime.CompilerServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Short messages in one direction through shared memory: a ring of slots with one sending and one receiving process.</summary>
/// <remarks>
/// <para>
/// The sender writes a slot and then, with release order, its stamp: the message's number, from 1. The receiver that expects that number sees the stamp, copies the
/// slot out, and then, with release order, says how many it has taken. Each word has one writer. A sender that is killed anywhere before the stamp leaves a slot
/// that nobody looks at; a receiver that is killed takes its own end with it.
/// </para>
/// <para>
/// The other process may write anything there at any time: what is read is copied first and checked then, and no address depends on it.
/// </para>
/// </remarks>
/// <param name="memory">Memory of both directions; whoever calls sees to it that it stays mapped meanwhile.</param>
/// <param name="offset">Where this direction begins.</param>
internal sealed unsafe class SpinRing(SafeMappedMemoryHandle memory, int offset)
{
    /// <summary>The longest message, in bytes.</summary>
    internal const int MaximumBody = SlotLength - SlotHeader;

    /// <summary>How much memory one direction takes, in bytes.</summary>
    internal const int Length = FirstSlot + (Slots * SlotLength);

    private const int Slots = 64;
    private const int SlotLength = 256;
    private const int SlotHeader = 16; // stamp (8), length (2), kind (1), 0, how many messages went over the socket before (4)
    private const int LengthAt = 8;
    private const int KindAt = 10;
    private const int SocketCountAt = 12;

    // Words of different writers, each on a pair of cache lines of its own: processors fetch them in pairs.
    private const int SocketCountLine = 0;
    private const int TakenLine = 128;
    private const int SleepingLine = 256;
    private const int OwnersLine = 384;
    private const int FirstSlot = 512;

    private readonly byte* _start = (byte*)Unsafe.AsPointer(ref memory.At<byte>(offset));
    private long _sent;
    private long _taken;
    private long _knownTaken;

    /// <summary>The sender's: how many messages went over the socket so far; wraps around.</summary>
    internal uint SocketCount
    {
        get => Volatile.Read(ref *(uint*)(_start + SocketCountLine));
        set => Volatile.Write(ref *(uint*)(_start + SocketCountLine), value);
    }

    /// <summary>The receiver's: it does not look here any more, so that all must go over the socket, or be rung for there.</summary>
    internal bool IsSleeping
    {
        get => Volatile.Read(ref *(uint*)(_start + SleepingLine)) != 0;
        set => Volatile.Write(ref *(uint*)(_start + SleepingLine), value ? 1u : 0);
    }

    /// <summary>Makes this process the one that sends here, or that receives.</summary>
    /// <exception cref="InvalidOperationException">Another process has done so.</exception>
    internal void Claim(bool sends)
    {
        ref int owner = ref *OwnerOf(sends);
        if (owner != Environment.ProcessId && Interlocked.CompareExchange(ref owner, Environment.ProcessId, 0) is not 0 and var other)
        {
            throw new InvalidOperationException(
                $"Process {other} uses this end of the spinning pipe. Each end belongs to the one process that first sends or receives there; use a pipe that does not spin to share an end.");
        }
    }

    /// <summary>Whether no process sends here yet, or receives.</summary>
    internal bool IsFree(bool sends) => Volatile.Read(ref *OwnerOf(sends)) == 0;

    /// <summary>Puts a message, with a full fence behind it: what is read next, such as whether the receiver sleeps, is read after it was put.</summary>
    /// <returns>False when the ring is full.</returns>
    internal bool TryPut(MessageKind kind, ReadOnlySpan<byte> body)
    {
        if (_sent - _knownTaken >= Slots)
        {
            _knownTaken = Volatile.Read(ref *(long*)(_start + TakenLine));
            if (_sent - _knownTaken is < 0 or >= Slots)
            {
                return false;
            }
        }

        byte* slot = SlotOf(_sent);
        *(ushort*)(slot + LengthAt) = (ushort)body.Length;
        slot[KindAt] = (byte)kind;
        *(uint*)(slot + SocketCountAt) = *(uint*)(_start + SocketCountLine);
        body.CopyTo(new Span<byte>(slot + SlotHeader, MaximumBody));
        Interlocked.Exchange(ref *(long*)slot, ++_sent);
        return true;
    }

    /// <summary>Whether the next message is here, given how many came over the socket before.</summary>
    internal bool Has(uint fromSocket)
    {
        byte* slot = SlotOf(_taken);
        return Volatile.Read(ref *(long*)slot) == _taken + 1 && *(uint*)(slot + SocketCountAt) == fromSocket;
    }

    /// <summary>Takes the next message, after <see cref="Has"/> has said that it is here.</summary>
    /// <param name="buffer">At least <see cref="MaximumBody"/> bytes.</param>
    /// <param name="kind">How it was sent.</param>
    /// <returns>How long it is.</returns>
    /// <exception cref="InvalidDataException">It is none; it is gone.</exception>
    internal int Take(Span<byte> buffer, out MessageKind kind)
    {
        byte* slot = SlotOf(_taken);
        int length = *(ushort*)(slot + LengthAt);
        kind = (MessageKind)slot[KindAt];
        bool isOne = length <= MaximumBody;
        if (isOne)
        {
            new ReadOnlySpan<byte>(slot + SlotHeader, length).CopyTo(buffer);
        }

        Volatile.Write(ref *(long*)(_start + TakenLine), ++_taken);
        return isOne ? length : throw new InvalidDataException($"A message of {length} bytes came where {MaximumBody} are the most.");
    }

    private int* OwnerOf(bool sends) => (int*)(_start + OwnersLine) + (sends ? 1 : 0);

    private byte* SlotOf(long number) => _start + FirstSlot + ((number & (Slots - 1)) * SlotLength);
}
