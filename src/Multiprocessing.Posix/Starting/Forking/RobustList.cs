namespace Multiprocessing.Posix;

/// <summary>The locks that a thread holds and that the kernel frees if it dies; the kernel forgets in a forked child where the C library keeps them. See get_robust_list(2). x64.</summary>
internal static unsafe class RobustList
{
    private const int SetOnX64 = 273;
    private const int GetOnX64 = 274;
    private const int HeadSize = 24; // struct robust_list_head

    /// <summary>The calling thread's; 0 when there is none.</summary>
    internal static nint Head
    {
        get
        {
            nint head = 0;
            nuint size = 0;
            return Libc.syscall(GetOnX64, 0, (nint)(&head), (nint)(&size), 0, 0) == 0 ? head : 0;
        }

        set => _ = Libc.syscall(SetOnX64, value, HeadSize, 0, 0, 0);
    }
}
