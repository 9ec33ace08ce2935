namespace Multiprocessing.Posix.Tests;

/// <summary>A program run by posix_spawn to its end.</summary>
internal static class SpawnedProgram
{
    /// <returns>What it wrote to its standard output.</returns>
    internal static byte[] Output(string[] command, IEnumerable<KeyValuePair<string, string>>? env = null) => Run(command, env, new PosixSpawnOptions()).Output;

    /// <param name="command">The program's path, which is its first argument as well, and the other arguments.</param>
    /// <param name="env">Its environment; null: the caller's.</param>
    /// <param name="options">Options; descriptors are those of a program that writes.</param>
    internal static (int Pid, byte[] Output) Run(string[] command, IEnumerable<KeyValuePair<string, string>>? env, PosixSpawnOptions options)
    {
        (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
        using (read)
        {
            int pid;
            using (write)
            {
                pid = Os.PosixSpawn(command[0], command, env, options with { Descriptors = new Dictionary<int, int> { [1] = write.Number, [2] = 2 } });
            }

            List<byte> output = [];
            byte[] buffer = new byte[65536];
            for (int count = Os.Read(read, buffer); count > 0; count = Os.Read(read, buffer))
            {
                output.AddRange(buffer[..count]);
            }

            Assert.Equal(0, Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited)!.Status.ToExitCode());
            return (pid, [.. output]);
        }
    }
}
