using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing.TestPrograms;

/// <summary>What a forked child has of its parent beside the managed heap. Prints what is missing.</summary>
internal static unsafe partial class ForkInherits
{
    private const int SYS_get_robust_list = 274; // x64

    private static StackOfSignals s_finalizers;

    internal static int Run()
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateNew(mapName: null, 8192);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor();
        view.Write(0, 42);
        string trace = Trace(); // maps the symbols
        nint robustList = RobustList();
        StackOfSignals finalizers = AskFinalizer();

        int pid = Os.Fork();
        if (pid > 0)
        {
            return Os.WaitPid(pid).Status.ToExitCode();
        }

        Check(view.ReadInt32(0) == 42, "a mapped file");
        Check(Trace() == trace, "the symbols for stack traces");
        Check(RobustList() == robustList && robustList != 0, "the list of locks that the kernel frees");
        Check(AskFinalizer() == finalizers && finalizers.Size > 0, "the finalizer thread's stack for signals");
        Check(Processor() < Environment.ProcessorCount, "the processor's number");
        return 0;
    }

    private static string Trace()
    {
        try
        {
            throw new InvalidOperationException("here");
        }
        catch (InvalidOperationException exception)
        {
            return exception.ToString();
        }
    }

    private static nint RobustList()
    {
        nint head = 0;
        nuint size = 0;
        return Syscall(SYS_get_robust_list, 0, (nint)(&head), (nint)(&size)) == 0 ? head : 0;
    }

    private static StackOfSignals AskFinalizer()
    {
        s_finalizers = default;
        DropAsker();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return s_finalizers;
    }

    private static int Processor() => GetProcessor();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void DropAsker() => _ = new Asker();

    private static void Check(bool has, string what)
    {
        if (!has)
        {
            Console.WriteLine($"missing: {what}");
            Os._Exit(1);
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Syscall(nint number, nint a, nint b, nint c);

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    private static partial int GetSignalStack(void* unused, StackOfSignals* current);

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    private static partial int GetProcessor();

    [StructLayout(LayoutKind.Sequential)]
    private record struct StackOfSignals(nint Start, int Flags, nuint Size);

    private sealed class Asker
    {
#pragma warning disable MA0055 // that it runs is what is tested
        ~Asker()
#pragma warning restore MA0055
        {
            StackOfSignals current;
            _ = GetSignalStack(null, &current);
            s_finalizers = current;
        }
    }
}
