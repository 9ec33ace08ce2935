using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Multiprocessing.Posix;

/// <summary>The runtime's finalizer thread, which a forked child cannot do without: it would never finalize, and wait for it for ever at its end.</summary>
/// <remarks>
/// fork(2) copies all the memory, but only the calling thread. So the finalizer thread waits at a place of ours while the fork happens. In the child its stack and its thread-local storage are
/// there, at the same addresses; all that it lacks is a kernel thread. clone(2) makes one that starts with the same storage, takes up the registers and the settings that the kernel keeps of a thread,
/// finds that it may go on, and does as if nothing had happened. glibc's own fork would not do: it tells the C library that the other threads are gone. The kernel writes the new thread's ID where
/// glibc keeps it, the same place that it clears when a thread ends. Killed between any two steps, a process leaves nothing that another has.
/// </remarks>
internal static class FinalizerThread
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static ParkingPlace? s_place;
    private static int s_id;

    /// <summary>The kernel's ID of the thread; 0 before <see cref="Learn"/>.</summary>
    internal static int Id => s_id;

    /// <summary>Whether it could be made anew: the kernel has to tell where it keeps a thread's ID.</summary>
    internal static bool CanResurrect => s_id != 0 && s_place!.CanResurrect;

    /// <summary>Asks the thread who it is.</summary>
    internal static void Learn()
    {
        s_place = new ParkingPlace();
        for (long begun = Stopwatch.GetTimestamp(); Volatile.Read(ref s_id) == 0 && Stopwatch.GetElapsedTime(begun) < s_patience;)
        {
            SendVisitor();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>Makes the thread wait; every finalizer that was due has run by then.</summary>
    /// <exception cref="InvalidOperationException">It is busy with a finalizer that does not end.</exception>
    internal static void Hold()
    {
        if (!s_place!.Hold(SendVisitor))
        {
            throw new InvalidOperationException("This process cannot be forked: its finalizer thread is busy with a finalizer that does not end.");
        }
    }

    internal static void LetGo() => s_place!.LetGo();

    /// <summary>In the child: gives it a thread again. It waits until <see cref="LetGo"/>.</summary>
    /// <exception cref="PosixException">EAGAIN: the limit of processes and threads is reached.</exception>
    internal static void Resurrect(SignalSet mask)
    {
        s_id = s_place!.Resurrect(mask);

        // Its name comes from the thread that made it.
        using SafeDescriptorHandle name = Os.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{s_id}/comm"), flags: (int)StatusFlags.WriteOnly);
        Os.Write(name, ".NET Finalizer"u8);
    }

    private static void SendVisitor()
    {
        DropVisitor();
        GC.Collect(0, GCCollectionMode.Forced, blocking: true);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void DropVisitor() => _ = new Visitor();

    /// <summary>Code that the finalizer thread runs.</summary>
    private sealed class Visitor
    {
#pragma warning disable MA0055 // it frees nothing: to run on that thread is all it is for
        ~Visitor()
#pragma warning restore MA0055
        {
            if (s_id == 0)
            {
                s_place!.Introduce();
                Volatile.Write(ref s_id, Os.GetTid());
            }
            else if (!s_place!.IsTaken)
            {
                s_place.Park();
            }
        }
    }
}
