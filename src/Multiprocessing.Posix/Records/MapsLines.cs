using System.Globalization;
using System.Text;

namespace Multiprocessing.Posix;

/// <summary>The lines of /proc/PID/maps, one after another. See proc_pid_maps(5).</summary>
/// <remarks>Neighbours mostly have the same path, so a map of many regions shares its strings.</remarks>
internal sealed class MapsLines
{
    private static readonly string[] s_permissions = new string[16];

    private readonly List<MemoryRegion> _regions = [];
    private byte[] _lastPathBytes = [];
    private string _lastPath = "";

    internal IReadOnlyList<MemoryRegion> Regions => _regions;

    /// <param name="line">One line, such as "7f00-7fff rw-p 00000000 00:00 0   [heap]", without its newline.</param>
    /// <exception cref="FormatException">It has not the form that proc_pid_maps(5) describes.</exception>
    internal void Add(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> rest = line;
        ulong start = Hexadecimal(Next(ref rest, '-'), line);
        ulong end = Hexadecimal(Next(ref rest, ' '), line);
        ReadOnlySpan<byte> permissions = Next(ref rest, ' ');
        Next(ref rest, ' '); // offset
        Next(ref rest, ' '); // device
        Next(ref rest, ' '); // inode
        if (permissions.Length != 4)
        {
            throw Unknown(line);
        }

        _regions.Add(new MemoryRegion(start, end, Permissions(permissions), Path(rest.TrimStart((byte)' '))));
    }

    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest, char separator)
    {
        int end = rest.IndexOf((byte)separator);
        ReadOnlySpan<byte> field = end < 0 ? rest : rest[..end];
        rest = end < 0 ? [] : rest[(end + 1)..];
        return field;
    }

    private static ulong Hexadecimal(ReadOnlySpan<byte> field, ReadOnlySpan<byte> line) =>
        ulong.TryParse(field, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number) ? number : throw Unknown(line);

    private static string Permissions(ReadOnlySpan<byte> letters)
    {
        int index = (letters[0] == 'r' ? 8 : 0) | (letters[1] == 'w' ? 4 : 0) | (letters[2] == 'x' ? 2 : 0) | (letters[3] == 's' ? 1 : 0);
        return s_permissions[index] ??= Encoding.ASCII.GetString(letters);
    }

    private string Path(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.SequenceEqual(_lastPathBytes))
        {
            _lastPathBytes = bytes.ToArray();
            _lastPath = SurrogateEscape.Decode(bytes);
        }

        return _lastPath;
    }

    private static FormatException Unknown(ReadOnlySpan<byte> line) =>
        new($"This is not a line of /proc/PID/maps as proc_pid_maps(5) describes it: '{SurrogateEscape.Decode(line)}'.");
}
