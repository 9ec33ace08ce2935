using System.Text;

namespace Multiprocessing.Posix.Tests;

/// <summary>A process to look at: its standard input and output are pipes here. Disposing kills it and waits for it.</summary>
internal sealed class Spawned : IDisposable
{
    private readonly SafeDescriptorHandle _input;
    private readonly SafeDescriptorHandle _output;
    private bool _reaped;

    internal Spawned(string file, params string[] arguments)
        : this(file, [file, .. arguments], env: null, new PosixSpawnOptions())
    {
    }

    internal Spawned(string file, string[] arguments, IEnumerable<KeyValuePair<string, string>>? env, PosixSpawnOptions options)
    {
        (SafeDescriptorHandle read, _input) = Os.Pipe2();
        (_output, SafeDescriptorHandle write) = Os.Pipe2();
        using (read)
        using (write)
        {
            Id = Os.PosixSpawnp(file, arguments, env, options with { Descriptors = new Dictionary<int, int> { [0] = read.Number, [1] = write.Number, [2] = 2 } });
        }
    }

    internal int Id { get; }

    internal ProcessInfo Info => ProcessInfo.Of(Id);

    /// <summary>A C program, compiled on the spot.</summary>
    internal static Spawned C(string source, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/gcc") || File.Exists("/usr/local/bin/gcc"), "gcc is not installed.");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("c-");
        try
        {
            string file = Path.Combine(folder.FullName, "p");
            File.WriteAllText($"{file}.c", $"#define _GNU_SOURCE\n{source}");
            using Spawned compiler = new("gcc", "-pthread", "-o", file, $"{file}.c");
            Assert.Equal(0, compiler.Wait().ToExitCode());
            return new Spawned(file, arguments);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    internal static Spawned Python(string script, params string[] arguments)
    {
        string? python = new[] { "/usr/bin/python3", "/usr/local/bin/python3" }.FirstOrDefault(File.Exists);
        Assert.SkipUnless(python is not null, "python3 is not installed.");
        return new Spawned(python, ["-c", script, .. arguments]);
    }

    internal void WriteLine(string text) => Os.Write(_input, Encoding.UTF8.GetBytes(text + "\n"));

    internal void Send(byte one) => Os.Write(_input, [one]);

    /// <param name="spin">Whether to keep the processor while waiting.</param>
    /// <returns>What it writes, up to the next newline or its end.</returns>
    internal string ReadLine(bool spin = false)
    {
        List<byte> line = [];
        byte[] one = new byte[1];
        while (spin && Os.Poll(_output, PollEvents.Readable, TimeSpan.Zero) == PollEvents.None)
        {
        }

        while (Os.Read(_output, one) == 1 && one[0] != '\n')
        {
            line.Add(one[0]);
        }

        return Encoding.UTF8.GetString([.. line]);
    }

    internal void Send(Signal signal) => Os.Kill(Id, signal);

    /// <summary>Waits for its end and leaves the zombie.</summary>
    internal void WaitForZombie() => Os.WaitId(IdType.Pid, Id, WaitIdOptions.Exited | WaitIdOptions.NoWait);

    internal WaitStatus Wait()
    {
        WaitStatus status = Os.WaitId(IdType.Pid, Id, WaitIdOptions.Exited)!.Status;
        _reaped = true;
        return status;
    }

    public void Dispose()
    {
        if (!_reaped)
        {
            Send(Signal.Kill);
            Wait();
        }

        _input.Dispose();
        _output.Dispose();
    }
}
