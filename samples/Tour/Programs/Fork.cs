using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>One call, two returns: each process goes on with its own copy of every variable, at the same address.</summary>
/// <remarks>The program is one that can be forked: <see cref="Os.RestartForkable"/> stands first in Program.cs.</remarks>
internal static class Fork
{
    // Pinned, so that the collector does not move it between the two looks at its address.
    private static readonly int[] s_gdata = GC.AllocateArray<int>(1, pinned: true);

    internal static unsafe void Run()
    {
        if (!Os.CanFork(out string? reason))
        {
            Console.WriteLine($"This process cannot be forked: {reason}");
            return;
        }

        int[] ldata = GC.AllocateArray<int>(1, pinned: true);
        s_gdata[0] = 111;
        ldata[0] = 222;

        int pid = Os.Fork();
        if (pid == 0)
        {
            s_gdata[0] *= 3;
            ldata[0] *= 3;
        }
        else
        {
            Os.WaitPid(pid);
        }

        fixed (int* gaddress = s_gdata, laddress = ldata)
        {
            Console.WriteLine($"{(pid == 0 ? "child" : "parent")}: gdata=[{s_gdata[0]}] and id(gdata)=0x{(nint)gaddress:x}; ldata=[{ldata[0]}] and id(ldata)=0x{(nint)laddress:x}");
        }

        if (pid == 0)
        {
            Os._Exit(0);
        }
    }
}
