using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

internal static class WarmUpOf
{
    /// <summary>The pipe over which signals reach their handlers stays for as long as the process lives.</summary>
    internal static void Library() => Os.Handle(Signal.Usr1, _ => { }).Dispose();
}
