using System.Globalization;
using System.Text;

namespace Multiprocessing.Posix;

/// <summary>Files that are mapped and that a forked child would not have: MemoryMappedFile keeps its views from children (MADV_DONTFORK), and the runtime itself uses it.</summary>
/// <remarks>A child that followed a pointer into one would end by SIGSEGV; the first stack trace with line numbers makes one. Memory without a file that native code keeps from children stays so.</remarks>
internal static unsafe class InheritedMappings
{
    internal static void Keep()
    {
        nint start = 0;
        nint end = 0;
        bool isFile = false;
        ProcFile.TryReadLines("/proc/self/smaps", line =>
        {
            if (char.IsAsciiHexDigitLower((char)line[0]))
            {
                string[] fields = Encoding.Latin1.GetString(line).Split(' ', 6);
                string[] range = fields[0].Split('-');
                start = nint.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                end = nint.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                isFile = fields[4] != "0";
            }
            else if (isFile && line.StartsWith("VmFlags:"u8) && line.IndexOf(" dc"u8) >= 0)
            {
                _ = Libc.madvise(start, (nuint)(end - start), (int)MemoryAdvice.DoFork); // where it has gone meanwhile, the child does not need it either
            }
        });
    }
}
