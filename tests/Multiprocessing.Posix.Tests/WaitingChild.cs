using System.Globalization;

namespace Multiprocessing.Posix.Tests;

/// <summary>A child that does nothing until it is disposed, to ask the system about.</summary>
internal sealed class WaitingChild : IDisposable
{
    private readonly SafeDescriptorHandle _end;

    internal WaitingChild(PosixSpawnOptions? options = null)
    {
        (SafeDescriptorHandle read, _end) = Os.Pipe2();
        using (read)
        {
            try
            {
                Pid = Os.PosixSpawn("/bin/cat", ["cat"], options: (options ?? new()) with { Descriptors = new Dictionary<int, int> { [0] = read.Number, [1] = 1, [2] = 2 } });
            }
            catch
            {
                _end.Dispose();
                throw;
            }
        }
    }

    internal int Pid { get; }

    /// <summary>A field of /proc/PID/stat, by its number in proc(5).</summary>
    internal static string Stat(int pid, int field) => File.ReadAllText($"/proc/{pid}/stat").Split(')')[^1].Split(' ')[field - 2];

    internal static int StatNumber(int pid, int field) => int.Parse(Stat(pid, field), CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _end.Dispose();
        Assert.Equal(0, Os.WaitId(IdType.Pid, Pid, WaitIdOptions.Exited)!.Status.ToExitCode());
    }
}
