using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The one line of /proc/PID/stat. See proc_pid_stat(5).</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StatRecord
{
    private const uint Exiting = 0x4; // PF_EXITING
    private const uint ForkedWithoutExec = 0x40; // PF_FORKNOEXEC
    private const uint KernelThread = 0x200000; // PF_KTHREAD

    // Indices behind the name, whose own number in the man page is 2: field N stands at N - 3.
    private const int StateField = 3;
    private const int LastField = 51;

    internal required int Id { get; init; }

    internal required string Name { get; init; }

    internal required char State { get; init; }

    internal required int ParentId { get; init; }

    internal required int ProcessGroupId { get; init; }

    internal required int SessionId { get; init; }

    internal required uint Flags { get; init; }

    internal required long MinorFaults { get; init; }

    internal required long MajorFaults { get; init; }

    internal required long UserTicks { get; init; }

    internal required long SystemTicks { get; init; }

    internal required int ThreadCount { get; init; }

    /// <summary>In clock ticks since the system was started. With the ID it names one process for good.</summary>
    internal required long StartTicks { get; init; }

    /// <summary>Changes when the process takes another address space, or loses its own: by exec and at its end. Zero for whom it does not concern.</summary>
    internal required (ulong Code, ulong Stack, ulong EnvironmentEnd) AddressSpace { get; init; }

    internal required int Processor { get; init; }

    /// <summary>Whether its new program is still being put together by exec: the new memory is there, but not yet arguments and environment in it.</summary>
    /// <remarks>False where this process may not know: the kernel then shows 1 for the address of the code.</remarks>
    internal bool IsInExec => !HasEnded && (Flags & KernelThread) == 0 && AddressSpace is { Code: not 1, EnvironmentEnd: 0 };

    /// <summary>Whether it is at its end or past it: it loses its files and its memory a little before it is a zombie.</summary>
    internal bool HasEnded => State is 'Z' or 'X' or 'x' || (Flags & Exiting) != 0;

    /// <summary>Whether it runs on what it was forked with; kernel threads, which do so for ever, do not count.</summary>
    internal bool AwaitsExec => (Flags & (ForkedWithoutExec | KernelThread)) == ForkedWithoutExec;

    /// <param name="line">The file's content.</param>
    /// <exception cref="FormatException">It has not the form that proc_pid_stat(5) describes.</exception>
    internal static StatRecord Parse(ReadOnlySpan<byte> line)
    {
        // The name may have anything in it, parentheses, spaces and newlines too; nothing behind it has a parenthesis.
        int open = line.IndexOf((byte)'(');
        int close = line.LastIndexOf((byte)')');
        if (open < 2 || close < open)
        {
            throw Unknown(line);
        }

        ReadOnlySpan<byte> rest = line[(close + 1)..].Trim(" \n"u8);
        Span<Range> fields = stackalloc Range[LastField - StateField + 1];
        int count = 0;
        foreach (Range field in rest.Split((byte)' '))
        {
            if (count == fields.Length)
            {
                break; // newer kernels may write more
            }

            fields[count++] = field;
        }

        if (count < fields.Length || rest[fields[0]].Length != 1)
        {
            throw Unknown(line);
        }

        return new StatRecord
        {
            Id = Number<int>(line[..open].TrimEnd((byte)' '), line),
            Name = SurrogateEscape.Decode(line[(open + 1)..close]),
            State = (char)rest[0],
            ParentId = Number<int>(rest[fields[4 - StateField]], line),
            ProcessGroupId = Number<int>(rest[fields[5 - StateField]], line),
            SessionId = Number<int>(rest[fields[6 - StateField]], line),
            Flags = Number<uint>(rest[fields[9 - StateField]], line),
            MinorFaults = Number<long>(rest[fields[10 - StateField]], line),
            MajorFaults = Number<long>(rest[fields[12 - StateField]], line),
            UserTicks = Number<long>(rest[fields[14 - StateField]], line),
            SystemTicks = Number<long>(rest[fields[15 - StateField]], line),
            ThreadCount = Number<int>(rest[fields[20 - StateField]], line),
            StartTicks = Number<long>(rest[fields[22 - StateField]], line),
            AddressSpace = (
                Number<ulong>(rest[fields[26 - StateField]], line),
                Number<ulong>(rest[fields[28 - StateField]], line),
                Number<ulong>(rest[fields[51 - StateField]], line)),
            Processor = Number<int>(rest[fields[39 - StateField]], line),
        };
    }

    private static T Number<T>(ReadOnlySpan<byte> field, ReadOnlySpan<byte> line)
        where T : IUtf8SpanParsable<T> =>
        T.TryParse(field, CultureInfo.InvariantCulture, out T? number) ? number : throw Unknown(line);

    private static FormatException Unknown(ReadOnlySpan<byte> line) =>
        new($"This is not a line of /proc/PID/stat as proc_pid_stat(5) describes it: '{SurrogateEscape.Decode(line).TrimEnd('\n')}'.");
}
