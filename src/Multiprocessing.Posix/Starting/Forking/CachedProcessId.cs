using System.Runtime.CompilerServices;

namespace Multiprocessing.Posix;

/// <summary><see cref="Environment.ProcessId"/>, which the runtime asks the system for only once: a forked child would get its parent's.</summary>
internal static class CachedProcessId
{
    internal static void Forget()
    {
        try
        {
            Field(null) = 0;
        }
        catch (MissingFieldException)
        {
            // A runtime that keeps it elsewhere, or not at all.
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = "s_processId")]
    private static extern ref int Field([UnsafeAccessorType("System.Environment")] object? environment);
}
