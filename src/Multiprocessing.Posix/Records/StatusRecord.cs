using System.Globalization;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>The lines "Name:	value" of /proc/PID/status. See proc_pid_status(5).</summary>
/// <remarks>The kernel escapes newlines in the one field that a program chooses, its name; so no name can pass for another line.</remarks>
[StructLayout(LayoutKind.Auto)]
internal readonly struct StatusRecord(byte[] text)
{
    private const int Identities = 4; // real, effective, saved, file system

    /// <summary>This process's own, where the main thread's is meant.</summary>
    internal static StatusRecord OfThisProcess => new(File.ReadAllBytes("/proc/self/status"));

    internal char State => Find("State:"u8) is [byte letter, ..] ? (char)letter : throw Unknown("State:"u8);

    internal int ThreadGroupId => (int)Number(Required("Tgid:"u8));

    internal int ThreadCount => (int)Number(Required("Threads:"u8));

    /// <summary>In bytes; 0 where there is no memory, in a zombie or a kernel thread.</summary>
    internal long MaxResidentBytes => Find("VmHWM:"u8) is { IsEmpty: false } value ? Size(value) : 0;

    /// <summary>In bytes: what RLIMIT_DATA counts.</summary>
    internal long DataBytes => Size(Required("VmData:"u8));

    internal bool HasCapabilities => Mask("CapPrm:"u8) != 0;

    internal long VoluntarySwitches => Number(Required("voluntary_ctxt_switches:"u8));

    internal long InvoluntarySwitches => Number(Required("nonvoluntary_ctxt_switches:"u8));

    internal (uint Real, uint Effective, uint Saved) UserIds => Triple("Uid:"u8);

    internal (uint Real, uint Effective, uint Saved) GroupIds => Triple("Gid:"u8);

    internal List<uint> SupplementaryGroups => Ids(Find("Groups:"u8));

    internal SignalSets Signals => new(
        Set(Mask("SigPnd:"u8) | Mask("ShdPnd:"u8)),
        Set(Mask("SigBlk:"u8)),
        Set(Mask("SigIgn:"u8)),
        Set(Mask("SigCgt:"u8)));

    private (uint Real, uint Effective, uint Saved) Triple(ReadOnlySpan<byte> name) =>
        Ids(Find(name)) is { Count: Identities } ids ? (ids[0], ids[1], ids[2]) : throw Unknown(name);

    private ulong Mask(ReadOnlySpan<byte> name) =>
        ulong.TryParse(Required(name), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong mask) ? mask : throw Unknown(name);

    private static HashSet<Signal> Set(ulong mask)
    {
        HashSet<Signal> set = [];
        for (int number = 1; number <= 64; number++)
        {
            if ((mask & (1UL << (number - 1))) != 0)
            {
                set.Add(new Signal(number));
            }
        }

        return set;
    }

    private static List<uint> Ids(ReadOnlySpan<byte> value)
    {
        List<uint> ids = [];
        foreach (Range part in value.SplitAny(" \t"u8))
        {
            if (!value[part].IsEmpty)
            {
                ids.Add((uint)Number(value[part]));
            }
        }

        return ids;
    }

    private static long Size(ReadOnlySpan<byte> value) => Number(value[..value.IndexOf(" kB"u8)]) * 1024;

    private static long Number(ReadOnlySpan<byte> value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw Unknown(value);

    private ReadOnlySpan<byte> Required(ReadOnlySpan<byte> name) => Find(name) is { IsEmpty: false } value ? value : throw Unknown(name);

    /// <returns>The value without the blanks around it; empty where there is no such line.</returns>
    private ReadOnlySpan<byte> Find(ReadOnlySpan<byte> name)
    {
        for (ReadOnlySpan<byte> rest = text; !rest.IsEmpty;)
        {
            int end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
            if (line.StartsWith(name))
            {
                return line[name.Length..].Trim(" \t"u8);
            }

            rest = end < 0 ? [] : rest[(end + 1)..];
        }

        return [];
    }

    private static FormatException Unknown(ReadOnlySpan<byte> what) =>
        new($"/proc/PID/status has not the form that proc_pid_status(5) describes, at '{SurrogateEscape.Decode(what)}'.");
}
