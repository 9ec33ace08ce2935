namespace Multiprocessing;

/// <summary>Properties of a <see cref="Pipe"/>.</summary>
public sealed class PipeOptions
{
    /// <summary>Whether both ends can send and receive; if not, the left end receives and the right end sends.</summary>
    public bool Duplex { get; init; } = true;

    /// <summary>
    /// How long a receiver watches shared memory for the next message, with a processor of its own, before it sleeps. Zero, the default: not at all; up to a second.
    /// </summary>
    /// <remarks>
    /// <para>
    /// For messages that come within microseconds of each other between two processes on two processors: a round trip of short messages takes a fraction of a microsecond then, where waking the
    /// other process takes tens. On one processor, or for rare messages, it only costs.
    /// One thread at a time can watch: while another waits at the same end, in whatever way, all messages come as through an ordinary pipe.
    /// </para>
    /// <para>
    /// Each end of such a pipe belongs to the one process that first sends or receives there, and can be passed on only before that. Short values that are numbers, text
    /// or structures without references, and short bytes, take the fast way; everything else goes as in an ordinary pipe, in the same order.
    /// That the other process was killed is noticed when it is waited for, or after up to 64 messages that nobody will receive.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative or more than a second.</exception>
    public TimeSpan SpinTime
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromSeconds(1));
            field = value;
        }
    }
}
