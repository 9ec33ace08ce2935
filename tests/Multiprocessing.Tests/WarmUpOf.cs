namespace Multiprocessing.Tests;

internal static class WarmUpOf
{
    /// <summary>The one thread of the library and its epoll descriptor, made at first need.</summary>
    internal static void Library() => ChildProcess.RunAsync(() => 0).GetAwaiter().GetResult();
}
