using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

public sealed partial class DescriptorLimitTests
{
    private const int RLIMIT_NOFILE = 7;

    [Fact]
    public async Task Descriptors_that_a_process_may_not_open_any_more_are_an_error_and_those_that_came_are_closed()
    {
        string seen = await ChildProcess.RunAsync(() =>
        {
            (SafeDescriptorHandle left, SafeDescriptorHandle right) = Os.SocketPair();
            (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
            Os.SendMsg(left, [1], [write, write, write]);
            write.Dispose();
            _ = Limit([200, 200]);
            Stack<SafeDescriptorHandle> all = new();
            try
            {
                while (true)
                {
                    all.Push(Os.Dup(read));
                }
            }
            catch (PosixException full) when (full.Errno == 24)
            {
                all.Pop().Dispose(); // one of the three will fit
            }

            string result;
            try
            {
                result = $"{Os.RecvMsg(right, new byte[10]).Descriptors.Count} came";
            }
            catch (InvalidDataException)
            {
                result = "refused";
            }

            return $"{result}, {Os.Read(read, new byte[1])}"; // the end: no writer is left
        });
        Assert.Equal("refused, 0", seen);
    }

    private static unsafe int Limit(long[] limit)
    {
        fixed (long* start = limit)
        {
            return prlimit(0, RLIMIT_NOFILE, start, null);
        }
    }

    [LibraryImport("libc")]
    private static unsafe partial int prlimit(int pid, int resource, long* limit, long* old);
}
